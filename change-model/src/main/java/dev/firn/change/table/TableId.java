package dev.firn.change.table;

import java.util.Comparator;
import java.util.Objects;

/**
 * A source table by schema and name, as the source spells them (unquoted, case kept).
 *
 * @param schema the schema (PostgreSQL) or database (MySQL), never empty
 * @param name the table's name, never empty
 */
public record TableId(String schema, String name) implements Comparable<TableId> {
  private static final Comparator<TableId> ORDER =
      Comparator.comparing(TableId::schema).thenComparing(TableId::name);

  public TableId {
    if (Objects.requireNonNull(schema, "schema").isEmpty()
        || Objects.requireNonNull(name, "name").isEmpty()) {
      throw new IllegalArgumentException("a table needs a schema and a name");
    }
  }

  @Override
  public int compareTo(TableId other) {
    return ORDER.compare(this, other);
  }

  /** The form people read and write in the config: {@code schema.name}. Not an SQL identifier. */
  @Override
  public String toString() {
    return schema + "." + name;
  }
}
