package dev.firn.iceberg.write;

import dev.firn.change.row.Row;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.TableSchema;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.HexFormat;
import java.util.StringJoiner;

/** A row's key for messages. */
final class KeyText {
  private KeyText() {}

  /** The key as {@code (id=7, code=x)}. */
  static String of(TableSchema table, Row row) {
    StringJoiner text = new StringJoiner(", ", "(", ")");
    for (int index : table.key()) {
      Column column = table.columns().get(index);
      text.add(column.name() + "=" + value(column.type(), row, index));
    }
    return text.toString();
  }

  private static String value(ColumnType type, Row row, int column) {
    if (type == ColumnType.Simple.TEXT || type == ColumnType.Simple.JSON) {
      return row.getText(column);
    }
    if (type instanceof ColumnType.Decimal decimal) {
      return (decimal.form() == ColumnType.Form.LONG
              ? BigDecimal.valueOf(row.getLong(column), decimal.scale())
              : new BigDecimal(new BigInteger(row.getBytes(column)), decimal.scale()))
          .toPlainString();
    }
    return switch (type.form()) {
      case LONG -> Long.toString(row.getLong(column));
      case FLOAT -> Float.toString(row.getFloat(column));
      case DOUBLE -> Double.toString(row.getDouble(column));
      case BYTES -> "0x" + HexFormat.of().formatHex(row.getBytes(column));
    };
  }
}
