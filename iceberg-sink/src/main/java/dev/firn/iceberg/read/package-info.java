/** Reads a replica without taking it over: its rows, and where it stands. */
package dev.firn.iceberg.read;
