package dev.firn.reconcile;

import dev.firn.change.row.Row;
import dev.firn.change.table.ColumnType.Form;
import dev.firn.change.table.TableSchema;
import java.util.Arrays;
import java.util.Comparator;

/**
 * Orders rows of one table by key, the same on both sides: numbers by value, everything else by its
 * bytes as unsigned numbers. It is no database's collation on purpose, so neither side is asked to
 * sort.
 */
final class KeyOrder implements Comparator<Row> {
  private final int[] columns;
  private final Form[] forms;

  KeyOrder(TableSchema table) {
    columns = table.key().stream().mapToInt(Integer::intValue).toArray();
    forms = new Form[columns.length];
    for (int i = 0; i < columns.length; i++) {
      forms[i] = table.columns().get(columns[i]).type().form();
    }
  }

  @Override
  public int compare(Row a, Row b) {
    for (int i = 0; i < columns.length; i++) {
      int column = columns[i];
      int order =
          switch (forms[i]) {
            case LONG -> Long.compare(a.getLong(column), b.getLong(column));
            case FLOAT -> Float.compare(a.getFloat(column), b.getFloat(column));
            case DOUBLE -> Double.compare(a.getDouble(column), b.getDouble(column));
            case BYTES -> compareBytes(a, b, column);
          };
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  private static int compareBytes(Row a, Row b, int column) {
    int fromA = a.bytesOffset(column);
    int fromB = b.bytesOffset(column);
    return Arrays.compareUnsigned(
        a.array(),
        fromA,
        fromA + a.bytesLength(column),
        b.array(),
        fromB,
        fromB + b.bytesLength(column));
  }
}
