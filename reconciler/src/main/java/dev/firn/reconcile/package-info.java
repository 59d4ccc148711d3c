/** Compares two sides of a table, row by row. Knows neither the source's log nor the replica. */
package dev.firn.reconcile;
