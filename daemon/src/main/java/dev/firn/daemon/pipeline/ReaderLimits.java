package dev.firn.daemon.pipeline;

import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.TableSchema;
import dev.firn.config.Reader;
import java.util.List;

/** What the engines named in {@code replicate.readers} cannot read of a table. */
public final class ReaderLimits {
  private ReaderLimits() {}

  /**
   * The limits that a table meets.
   *
   * @param readers engines as the config names them
   * @return clauses that go on after the table's name
   */
  public static List<String> of(TableSchema table, List<String> readers) {
    if (!readers.contains(Reader.SPARK.engine())) {
      return List.of();
    }
    return table.columns().stream()
        .filter(column -> holdsTime(column.type()))
        .map(Column::name)
        .map(name ->
            "has the column "
                + name
                + " of type time, which Spark does not support: it refuses to read the table")
        .toList();
  }

  private static boolean holdsTime(ColumnType type) {
    return switch (type) {
      case ColumnType.Array array -> holdsTime(array.element());
      case ColumnType.Simple simple -> simple == ColumnType.Simple.TIME;
      case ColumnType.Decimal _ -> false;
    };
  }
}
