/** How a source table's shape becomes an Iceberg table's, with columns tracked by identity. */
package dev.firn.iceberg.schema;
