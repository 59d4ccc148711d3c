/** Keeps metadata bounded while a table lives for years. */
package dev.firn.iceberg.maintenance;
