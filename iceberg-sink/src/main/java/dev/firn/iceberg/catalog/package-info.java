/** Opening Iceberg catalogs and buckets, and saying what is wrong with them. */
package dev.firn.iceberg.catalog;
