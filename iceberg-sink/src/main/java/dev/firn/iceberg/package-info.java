/** The replica: Iceberg tables that take a source's changes, exactly once. */
package dev.firn.iceberg;
