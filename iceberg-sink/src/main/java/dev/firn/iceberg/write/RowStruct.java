package dev.firn.iceberg.write;

import dev.firn.change.row.Row;
import dev.firn.change.table.ColumnType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.apache.iceberg.StructLike;
import org.jspecify.annotations.Nullable;

/**
 * A row as Iceberg's expressions and transforms see one, with values boxed as they are asked for:
 * for the few columns that partition a table.
 */
final class RowStruct implements StructLike {
  private final RowLayout layout;
  private final int[] columns;
  private @Nullable Row row;

  RowStruct(RowLayout layout) {
    this.layout = layout;
    this.columns = layout.columnsOfFields();
  }

  RowStruct wrap(Row wrapped) {
    row = wrapped;
    return this;
  }

  @Override
  public int size() {
    return columns.length;
  }

  @Override
  public <T> @Nullable T get(int position, Class<T> javaClass) {
    Row from = row;
    if (from == null) {
      throw new IllegalStateException("no row");
    }
    int column = columns[position];
    return column < 0 || from.isNull(column) ? null : javaClass.cast(value(from, column));
  }

  @Override
  public <T> void set(int position, T value) {
    throw new UnsupportedOperationException("rows are not changed");
  }

  private Object value(Row from, int column) {
    return switch (layout.table().columns().get(column).type()) {
      case ColumnType.Simple simple ->
          switch (simple) {
            case BOOL -> from.getLong(column) != 0;
            case INT32, DATE -> Math.toIntExact(from.getLong(column));
            case INT64, TIME, TIMESTAMP, TIMESTAMP_TZ -> from.getLong(column);
            case FLOAT32 -> from.getFloat(column);
            case FLOAT64 -> from.getDouble(column);
            case TEXT, JSON -> from.getText(column);
            case BINARY -> ByteBuffer.wrap(from.getBytes(column));
            case UUID -> {
              ByteBuffer bytes = ByteBuffer.wrap(from.getBytes(column));
              yield new UUID(bytes.getLong(), bytes.getLong());
            }
          };
      case ColumnType.Decimal decimal ->
          decimal.form() == ColumnType.Form.LONG
              ? BigDecimal.valueOf(from.getLong(column), decimal.scale())
              : new BigDecimal(new BigInteger(from.getBytes(column)), decimal.scale());
      case ColumnType.Array _ -> throw new IllegalArgumentException("an array partitions no table");
    };
  }
}
