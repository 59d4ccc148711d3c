package dev.firn.reconcile;

import dev.firn.change.row.Row;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Decimal;
import dev.firn.change.table.ColumnType.Simple;
import dev.firn.change.table.TableSchema;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.StringJoiner;

/** Key values in words. Texts are cut to a length that a line holds. */
final class ValueText {
  private static final int MAX_CHARS = 80;

  private ValueText() {}

  static String key(TableSchema table, Row row) {
    StringJoiner text = new StringJoiner(", ");
    for (int index : table.key()) {
      Column column = table.columns().get(index);
      text.add(column.name() + "=" + value(column.type(), row, index));
    }
    return text.toString();
  }

  private static String value(ColumnType type, Row row, int index) {
    return switch (type) {
      case Simple simple ->
          switch (simple) {
            case BOOL -> row.getLong(index) == 0 ? "false" : "true";
            case INT32, INT64 -> Long.toString(row.getLong(index));
            case FLOAT32 -> Float.toString(row.getFloat(index));
            case FLOAT64 -> Double.toString(row.getDouble(index));
            case DATE -> LocalDate.ofEpochDay(row.getLong(index)).toString();
            case TIME ->
                row.getLong(index) == 86_400_000_000L
                    ? "24:00"
                    : LocalTime.ofNanoOfDay(row.getLong(index) * 1000).toString();
            case TIMESTAMP ->
                instant(row.getLong(index)).atOffset(ZoneOffset.UTC).toLocalDateTime().toString();
            case TIMESTAMP_TZ -> instant(row.getLong(index)).toString();
            case TEXT, JSON -> shortened(row.getText(index));
            case BINARY -> shortened(HexFormat.of().formatHex(row.getBytes(index)));
            case UUID -> uuid(HexFormat.of().formatHex(row.getBytes(index)));
          };
      case Decimal decimal ->
          new BigDecimal(
                  decimal.form() == ColumnType.Form.LONG
                      ? BigInteger.valueOf(row.getLong(index))
                      : new BigInteger(row.getBytes(index)),
                  decimal.scale())
              .toPlainString();
      case ColumnType.Array _ -> shortened(HexFormat.of().formatHex(row.getBytes(index)));
    };
  }

  private static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }

  private static String uuid(String hex) {
    return hex.length() != 32
        ? hex
        : String.join(
            "-",
            hex.substring(0, 8),
            hex.substring(8, 12),
            hex.substring(12, 16),
            hex.substring(16, 20),
            hex.substring(20));
  }

  private static String shortened(String text) {
    return text.length() <= MAX_CHARS ? text : text.substring(0, MAX_CHARS) + "…";
  }
}
