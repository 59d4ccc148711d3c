/** The key index: where in a table each key's live row lies. Knows neither files nor Iceberg. */
package dev.firn.iceberg.index;
