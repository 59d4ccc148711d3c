package dev.firn.cdc.stream;

import dev.firn.change.row.ArrayValue;
import dev.firn.change.row.RowWriter;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Form;
import dev.firn.change.table.ColumnType.Simple;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * Reads the server's text of one type (its output function's, dates in ISO style) into the form of
 * a row. Not thread-safe.
 */
final class TextValue {
  private static final long DAY_MICROS = 86_400_000_000L;
  private static final String NOT_FINITE = "Iceberg has no infinite dates and timestamps";

  private final ColumnType type;
  private final boolean array;
  private final Form form;
  private final ArrayValue.Builder elements = new ArrayValue.Builder();
  private final StringBuilder element = new StringBuilder();

  TextValue(ColumnType type) {
    this.array = type instanceof ColumnType.Array;
    this.type = type instanceof ColumnType.Array of ? of.element() : type;
    this.form = this.type.form();
  }

  /** Sets the column to what the text means. */
  void write(String text, RowWriter row, int column) throws Unrepresentable {
    if (array) {
      readArray(text);
      elements.writeTo(row, column);
      return;
    }
    switch (form) {
      case LONG -> row.setLong(column, asLong(text));
      case FLOAT -> row.setFloat(column, Float.parseFloat(text));
      case DOUBLE -> row.setDouble(column, Double.parseDouble(text));
      case BYTES -> {
        if (type == Simple.TEXT || type == Simple.JSON) {
          row.setText(column, text);
        } else {
          row.setBytes(column, asBytes(text));
        }
      }
    }
  }

  private void addElement(String text) throws Unrepresentable {
    switch (form) {
      case LONG -> elements.addLong(asLong(text));
      case FLOAT -> elements.addFloat(Float.parseFloat(text));
      case DOUBLE -> elements.addDouble(Double.parseDouble(text));
      case BYTES -> {
        byte[] bytes = asBytes(text);
        elements.addBytes(bytes, 0, bytes.length);
      }
    }
  }

  private long asLong(String text) throws Unrepresentable {
    return switch (type) {
      case Simple simple ->
          switch (simple) {
            case BOOL -> bool(text);
            case INT32, INT64 -> Long.parseLong(text);
            case DATE -> date(text);
            case TIME -> time(text, 0, text.length());
            case TIMESTAMP -> timestamp(text, false);
            case TIMESTAMP_TZ -> timestamp(text, true);
            case FLOAT32, FLOAT64, TEXT, JSON, BINARY, UUID ->
                throw new IllegalStateException(simple + " is no integer");
          };
      case ColumnType.Decimal decimal -> decimal(text, decimal).unscaledValue().longValueExact();
      case ColumnType.Array inner ->
          throw new IllegalStateException("an array of arrays: " + inner);
    };
  }

  private byte[] asBytes(String text) throws Unrepresentable {
    return switch (type) {
      case Simple simple ->
          switch (simple) {
            case TEXT, JSON -> text.getBytes(StandardCharsets.UTF_8);
            case BINARY -> bytea(text);
            case UUID -> uuid(text);
            case BOOL, INT32, INT64, FLOAT32, FLOAT64, DATE, TIME, TIMESTAMP, TIMESTAMP_TZ ->
                throw new IllegalStateException(simple + " is no byte sequence");
          };
      case ColumnType.Decimal decimal -> decimal(text, decimal).unscaledValue().toByteArray();
      case ColumnType.Array inner ->
          throw new IllegalStateException("an array of arrays: " + inner);
    };
  }

  private static long bool(String text) {
    return switch (text) {
      case "t" -> 1;
      case "f" -> 0;
      default -> throw new NumberFormatException("not a boolean: " + text);
    };
  }

  private static BigDecimal decimal(String text, ColumnType.Decimal type) throws Unrepresentable {
    switch (text) {
      case "NaN" -> throw new Unrepresentable("Iceberg's decimals have no NaN");
      case "Infinity", "-Infinity" ->
          throw new Unrepresentable("Iceberg's decimals have no infinity");
      default -> {}
    }
    BigDecimal value = new BigDecimal(text);
    if (value.scale() != type.scale()) {
      if (value.stripTrailingZeros().scale() > type.scale()) {
        throw outside(type);
      }
      value = value.setScale(type.scale(), RoundingMode.UNNECESSARY);
    }
    if (value.precision() > type.precision()) {
      throw outside(type);
    }
    return value;
  }

  private static Unrepresentable outside(ColumnType.Decimal type) {
    return new Unrepresentable(
        "it does not fit " + type.precision() + " digits, " + type.scale() + " behind the point");
  }

  private static byte[] uuid(String text) {
    byte[] bytes = new byte[16];
    int at = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (text.charAt(at) == '-') {
        at++;
      }
      bytes[i] = (byte) HexFormat.fromHexDigits(text, at, at + 2);
      at += 2;
    }
    if (at != text.length()) {
      throw new NumberFormatException("not a uuid: " + text);
    }
    return bytes;
  }

  /** Either form of bytea_output: {@code \x} and hexadecimal digits, or octal escapes. */
  private static byte[] bytea(String text) {
    if (text.startsWith("\\x")) {
      return HexFormat.of().parseHex(text, 2, text.length());
    }
    byte[] bytes = new byte[text.length()];
    int length = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '\\') {
        bytes[length++] = (byte) c;
      } else if (text.charAt(i + 1) == '\\') {
        bytes[length++] = '\\';
        i++;
      } else {
        bytes[length++] = (byte) Integer.parseInt(text, i + 1, i + 4, 8);
        i += 3;
      }
    }
    return java.util.Arrays.copyOf(bytes, length);
  }

  private static void requireFinite(String text) throws Unrepresentable {
    if (text.equals("infinity") || text.equals("-infinity")) {
      throw new Unrepresentable(NOT_FINITE);
    }
    if (text.endsWith(" BC")) {
      throw new Unrepresentable("years before 1 are read differently by different engines");
    }
  }

  private static long date(String text) throws Unrepresentable {
    requireFinite(text);
    return days(text, text.length());
  }

  /** Days since 1970 of {@code year-month-day}. */
  private static long days(String text, int end) {
    int month = text.indexOf('-') + 1;
    if (month < 5 || end != month + 5 || text.charAt(month + 2) != '-') {
      throw new NumberFormatException("not a date in ISO style: " + text);
    }
    return java.time.LocalDate.of(
            Integer.parseInt(text, 0, month - 1, 10),
            Integer.parseInt(text, month, month + 2, 10),
            Integer.parseInt(text, month + 3, end, 10))
        .toEpochDay();
  }

  /** Microseconds of {@code hh:mm:ss[.ffffff]}. */
  private static long time(String text, int from, int end) {
    if (end - from < 8 || text.charAt(from + 2) != ':' || text.charAt(from + 5) != ':') {
      throw new NumberFormatException("not a time in ISO style: " + text);
    }
    long seconds =
        Integer.parseInt(text, from, from + 2, 10) * 3600L
            + Integer.parseInt(text, from + 3, from + 5, 10) * 60L
            + Integer.parseInt(text, from + 6, from + 8, 10);
    long fraction = 0;
    if (end > from + 8) {
      int digits = end - from - 9;
      if (text.charAt(from + 8) != '.' || digits < 1 || digits > 6) {
        throw new NumberFormatException("not a time in ISO style: " + text);
      }
      fraction = Integer.parseInt(text, from + 9, end, 10);
      for (int i = digits; i < 6; i++) {
        fraction *= 10;
      }
    }
    return seconds * 1_000_000 + fraction;
  }

  private static long timestamp(String text, boolean zoned) throws Unrepresentable {
    requireFinite(text);
    int space = text.indexOf(' ');
    if (space < 0) {
      throw new NumberFormatException("not a timestamp in ISO style: " + text);
    }
    int end = text.length();
    long offsetSeconds = 0;
    if (zoned) {
      end = Math.max(text.lastIndexOf('+'), text.lastIndexOf('-'));
      if (end < space) {
        throw new NumberFormatException("not a timestamp with an offset: " + text);
      }
      offsetSeconds = offset(text, end + 1);
      if (text.charAt(end) == '-') {
        offsetSeconds = -offsetSeconds;
      }
    }
    try {
      long micros =
          Math.addExact(
              Math.multiplyExact(days(text, space), DAY_MICROS), time(text, space + 1, end));
      return Math.subtractExact(micros, offsetSeconds * 1_000_000);
    } catch (ArithmeticException e) {
      throw new Unrepresentable("it lies behind the last timestamp of Iceberg");
    }
  }

  /** Seconds of {@code hh[:mm[:ss]]}. */
  private static long offset(String text, int from) {
    long seconds = 0;
    long unit = 3600;
    for (int at = from; at < text.length(); at += 3) {
      seconds += Integer.parseInt(text, at, at + 2, 10) * unit;
      unit /= 60;
    }
    return seconds;
  }

  /**
   * Elements between braces, with commas between them; in quotes with backslashes where need be.
   * Lower bounds other than 1 stand in front ({@code [0:2]=}) and are not kept.
   */
  private void readArray(String text) throws Unrepresentable {
    elements.begin();
    int at = text.charAt(0) == '[' ? text.indexOf('=') + 1 : 0;
    int end = text.length() - 1;
    if (text.charAt(at) != '{' || text.charAt(end) != '}') {
      throw new NumberFormatException("not an array: " + text);
    }
    at++;
    while (at < end) {
      char c = text.charAt(at);
      if (c == '{') {
        throw new Unrepresentable("only one dimension can be mirrored");
      }
      if (c == '"') {
        at = quoted(text, at + 1);
        addElement(element.toString());
      } else {
        int next = text.indexOf(',', at);
        int stop = next < 0 ? end : next;
        String plain = text.substring(at, stop);
        if (plain.equals("NULL")) {
          elements.addNull();
        } else {
          addElement(plain);
        }
        at = stop;
      }
      at++;
    }
  }

  /** Reads up to the closing quote and returns the place behind it. */
  private int quoted(String text, int from) {
    element.setLength(0);
    int at = from;
    while (text.charAt(at) != '"') {
      if (text.charAt(at) == '\\') {
        at++;
      }
      element.append(text.charAt(at));
      at++;
    }
    return at + 1;
  }
}
