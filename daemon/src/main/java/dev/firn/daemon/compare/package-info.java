/** Compares the replica with its source, row by row, while both stand still. */
package dev.firn.daemon.compare;
