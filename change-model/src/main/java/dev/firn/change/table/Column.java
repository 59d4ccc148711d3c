package dev.firn.change.table;

import java.util.Objects;

/**
 * A column of a source table.
 *
 * @param id the column's identity at the source, which a rename does not change: PostgreSQL's
 *     attnum; positive and unique in its table
 * @param name its name today
 * @param type what its values are
 * @param nullable whether the source admits NULL
 * @param sourceType the type as the source prints it, for messages and reports
 */
public record Column(int id, String name, ColumnType type, boolean nullable, String sourceType) {
  public Column {
    if (id < 1) {
      throw new IllegalArgumentException("column id " + id + " of " + name);
    }
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(sourceType, "sourceType");
  }
}
