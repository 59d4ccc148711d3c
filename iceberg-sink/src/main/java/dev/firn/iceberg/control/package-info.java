/** The control table: where the replica stands, whose turn it is, and which tables belong to it. */
package dev.firn.iceberg.control;
