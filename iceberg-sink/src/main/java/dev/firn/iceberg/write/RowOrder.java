package dev.firn.iceberg.write;

import dev.firn.change.row.Row;
import dev.firn.change.table.ColumnType;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import org.apache.iceberg.NullOrder;
import org.apache.iceberg.SortDirection;
import org.apache.iceberg.SortField;
import org.apache.iceberg.SortOrder;

/** Orders rows as a table's sort order says; text as its UTF-8 bytes, which is Iceberg's order. */
final class RowOrder {
  private RowOrder() {}

  /** The order of rows; empty for an unsorted table, or one sorted by what Firn never sets. */
  static Optional<Comparator<Row>> of(SortOrder order, RowLayout layout) {
    Comparator<Row> rows = null;
    for (SortField field : order.fields()) {
      int column = layout.columnOf(field.sourceId());
      if (column < 0 || !field.transform().isIdentity()) {
        return Optional.empty();
      }
      Comparator<Row> values = values(column, layout.table().columns().get(column).type());
      if (field.direction() == SortDirection.DESC) {
        values = values.reversed();
      }
      int nulls = field.nullOrder() == NullOrder.NULLS_FIRST ? -1 : 1;
      Comparator<Row> present = values;
      Comparator<Row> next =
          (one, other) -> {
            boolean oneNull = one.isNull(column);
            boolean otherNull = other.isNull(column);
            if (oneNull || otherNull) {
              return oneNull == otherNull ? 0 : oneNull ? nulls : -nulls;
            }
            return present.compare(one, other);
          };
      rows = rows == null ? next : rows.thenComparing(next);
    }
    return Optional.ofNullable(rows);
  }

  private static Comparator<Row> values(int column, ColumnType type) {
    return switch (type.form()) {
      case LONG -> Comparator.comparingLong(row -> row.getLong(column));
      case FLOAT -> (one, other) -> Float.compare(one.getFloat(column), other.getFloat(column));
      case DOUBLE -> Comparator.comparingDouble(row -> row.getDouble(column));
      case BYTES ->
          type instanceof ColumnType.Decimal
              ? Comparator.comparing(row -> new BigInteger(row.getBytes(column)))
              : (one, other) -> compareBytes(one, other, column);
    };
  }

  private static int compareBytes(Row one, Row other, int column) {
    int from = one.bytesOffset(column);
    int otherFrom = other.bytesOffset(column);
    return Arrays.compareUnsigned(
        one.array(),
        from,
        from + one.bytesLength(column),
        other.array(),
        otherFrom,
        otherFrom + other.bytesLength(column));
  }
}
