/** One table's changes into files: rows to Parquet, the key index, and deletes by position. */
package dev.firn.iceberg.write;
