package dev.firn.cdc.stream;

import dev.firn.change.table.Column;
import java.util.Map;
import org.apache.kafka.connect.data.Field;

/**
 * A column as both sides can tell it: its name, and its type in the words of pg_type with the
 * modifier that is in force.
 *
 * @param type as {@code int4}, {@code _numeric(10,2)}, {@code varchar(20)}; without a schema
 */
record ColumnShape(String name, String type) {
  private static final int MAX_FRACTION_DIGITS = 6;
  private static final int UNLIMITED_NUMERIC_LENGTH = 131_089;

  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("smallint", "int2"),
          Map.entry("integer", "int4"),
          Map.entry("bigint", "int8"),
          Map.entry("real", "float4"),
          Map.entry("double precision", "float8"),
          Map.entry("boolean", "bool"),
          Map.entry("character", "bpchar"),
          Map.entry("character varying", "varchar"),
          Map.entry("bit varying", "varbit"),
          Map.entry("timestamp without time zone", "timestamp"),
          Map.entry("timestamp with time zone", "timestamptz"),
          Map.entry("time without time zone", "time"),
          Map.entry("time with time zone", "timetz"));

  /** The shape of a column as the catalog told it, by {@code format_type}. */
  static ColumnShape of(Column column) {
    return new ColumnShape(column.name(), canonical(column.sourceType()));
  }

  /** The shape of a column as the stream tells it. */
  static ColumnShape of(Field field) {
    Map<String, String> told = field.schema().parameters();
    String type = told.getOrDefault(TextConverter.TYPE, "?");
    int length = Integer.parseInt(told.getOrDefault(TextConverter.LENGTH, "-1"));
    int scale = Integer.parseInt(told.getOrDefault(TextConverter.SCALE, "-1"));
    String element = type.startsWith("_") ? type.substring(1) : type;
    String modifier =
        switch (element) {
          case "numeric" ->
              length <= 0 || length == UNLIMITED_NUMERIC_LENGTH ? "" : length + "," + scale;
          case "varchar", "bpchar" ->
              length <= 0 || length == Integer.MAX_VALUE ? "" : Integer.toString(length);
          case "timestamp", "timestamptz", "time", "timetz" ->
              scale < 0 || scale >= MAX_FRACTION_DIGITS ? "" : Integer.toString(scale);
          default -> "";
        };
    return new ColumnShape(field.name(), modifier.isEmpty() ? type : type + "(" + modifier + ")");
  }

  /** The words of {@code format_type} in those of pg_type. */
  static String canonical(String formatType) {
    String text = formatType;
    boolean array = text.endsWith("[]");
    if (array) {
      text = text.substring(0, text.length() - 2);
    }
    String modifier = "";
    int open = text.indexOf('(');
    int close = text.indexOf(')');
    if (open > 0 && close > open && text.indexOf('"') < 0) {
      modifier = text.substring(open + 1, close).replace(" ", "");
      text = text.substring(0, open).stripTrailing() + text.substring(close + 1);
    }
    String name = NAMES.getOrDefault(text, unqualified(text));
    if (name.startsWith("time") && modifier.equals(Integer.toString(MAX_FRACTION_DIGITS))) {
      modifier = "";
    }
    return (array ? "_" : "") + name + (modifier.isEmpty() ? "" : "(" + modifier + ")");
  }

  /** The last part of a name, without quotes. */
  private static String unqualified(String name) {
    if (name.endsWith("\"")) {
      int from = name.length() - 2;
      while (from > 0
          && (name.charAt(from) != '"' || (name.charAt(from - 1) == '"' && --from >= 0))) {
        from--;
      }
      return name.substring(from + 1, name.length() - 1).replace("\"\"", "\"");
    }
    return name.substring(name.lastIndexOf('.') + 1);
  }

  @Override
  public String toString() {
    return name + " " + type;
  }
}
