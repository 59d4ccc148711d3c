package dev.firn.change.table;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A source table's shape: the columns in the order in which every {@link dev.firn.change.row.Row}
 * of it holds them, and the key.
 *
 * @param id the table's name
 * @param sourceId the table's identity at the source, which a rename does not change: PostgreSQL's
 *     oid
 * @param membership which of its times among the tables whose changes the source sends this is,
 *     another number each time that it leaves them and comes back, because what changed in between
 *     is sent by nobody: the oid of its row in PostgreSQL's pg_publication_rel; 0 where it is not
 *     among them
 * @param columns the columns in the source's order, at least one; ids and names are unique
 * @param key the key's columns as indexes into {@code columns}, in the key's order, at least one;
 *     each is NOT NULL
 */
public record TableSchema(
    TableId id, long sourceId, long membership, List<Column> columns, List<Integer> key) {
  public TableSchema {
    Objects.requireNonNull(id, "id");
    columns = List.copyOf(columns);
    key = List.copyOf(key);
    if (columns.isEmpty() || key.isEmpty()) {
      throw new IllegalArgumentException(id + " needs a column and a key");
    }
    Set<Integer> ids = new HashSet<>();
    Set<String> names = new HashSet<>();
    for (Column column : columns) {
      if (!ids.add(column.id()) || !names.add(column.name())) {
        throw new IllegalArgumentException(id + " names column " + column.name() + " twice");
      }
    }
    Set<Integer> keyColumns = new HashSet<>();
    for (int index : key) {
      if (Objects.checkIndex(index, columns.size()) != index || !keyColumns.add(index)) {
        throw new IllegalArgumentException(id + " has column " + index + " twice in its key");
      }
    }
  }

  /** The index of the column of that name, or empty. */
  public OptionalInt indexOf(String columnName) {
    for (int i = 0; i < columns.size(); i++) {
      if (columns.get(i).name().equals(columnName)) {
        return OptionalInt.of(i);
      }
    }
    return OptionalInt.empty();
  }

  /** The key's columns in the key's order. */
  public List<Column> keyColumns() {
    return key.stream().map(columns::get).toList();
  }
}
