package dev.firn.cdc.postgres;

import dev.firn.change.fault.FirnException;
import dev.firn.change.row.ArrayValue;
import dev.firn.change.row.Row;
import dev.firn.change.row.RowBuilder;
import dev.firn.change.row.RowTooLargeException;
import dev.firn.change.row.RowWriter;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Form;
import dev.firn.change.table.ColumnType.Simple;
import dev.firn.change.table.TableSchema;
import java.io.EOFException;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Decodes {@code COPY … (FORMAT binary)} of a table's columns, in the schema's order, into rows.
 * The bytes may come cut at any place. A value is never boxed, and made into text only where it is
 * refused. Not thread-safe.
 *
 * <p>The format (PostgreSQL's documentation of COPY, "Binary Format", and each type's send
 * function): a header, rows as a field count and length-prefixed big-endian fields, -1 as the field
 * count at the end. Dates and times count from 2000-01-01; the largest and the smallest number
 * stand for the infinities.
 */
public final class BinaryCopyDecoder {
  /** Takes decoded rows: {@link #begin}, the columns, {@link #end}. */
  public interface Target {
    /** What the next row's columns go into. */
    RowWriter begin();

    /** The row is complete. */
    void end() throws InterruptedException;
  }

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final byte[] SIGNATURE = {
    'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0
  };
  private static final int HEADER_BYTES = SIGNATURE.length + 8;

  static final long EPOCH_DAYS = 10_957;
  static final long EPOCH_MICROS = EPOCH_DAYS * 86_400_000_000L;
  private static final long FIRST_DAY = LocalDate.of(1, 1, 1).toEpochDay();
  private static final long FIRST_MICROS = FIRST_DAY * 86_400_000_000L;

  private static final int NUMERIC_NEGATIVE = 0x4000;
  private static final int NUMERIC_NAN = 0xC000;
  private static final int NUMERIC_INFINITE = 0xD000;
  private static final int NUMERIC_NEGATIVE_INFINITE = 0xF000;
  private static final int[] GROUP_POWERS = {1, 10, 100, 1000};
  private static final long[] POWERS = new long[19];

  static {
    POWERS[0] = 1;
    for (int i = 1; i < POWERS.length; i++) {
      POWERS[i] = POWERS[i - 1] * 10;
    }
  }

  /** How a type lies in the bytes. */
  private enum Wire {
    BOOL,
    INTEGER,
    FLOAT,
    DOUBLE,
    DATE,
    TIME,
    TIMESTAMP,
    BYTES,
    JSON,
    DECIMAL,
    WIDE_DECIMAL
  }

  private enum State {
    HEADER,
    ROWS,
    DONE
  }

  /** A value that has no form in the replica. */
  private static final class Unrepresentable extends Exception {
    private static final long serialVersionUID = 1L;
    private final String value;

    Unrepresentable(String value, String why) {
      super(why, null, false, false);
      this.value = value;
    }
  }

  private final TableSchema table;
  private final ColumnType[] types;
  private final Wire[] wires;
  private final boolean[] arrays;
  private final ArrayValue.Builder array = new ArrayValue.Builder();
  private final byte[] scratch = new byte[8];
  private State state = State.HEADER;
  private byte[] held = new byte[0];
  private int heldLength;

  /** A decoder for one COPY of these columns. */
  public BinaryCopyDecoder(TableSchema table) {
    this.table = table;
    List<Column> columns = table.columns();
    types = new ColumnType[columns.size()];
    wires = new Wire[columns.size()];
    arrays = new boolean[columns.size()];
    for (int i = 0; i < types.length; i++) {
      arrays[i] = columns.get(i).type() instanceof ColumnType.Array;
      types[i] =
          columns.get(i).type() instanceof ColumnType.Array of
              ? of.element()
              : columns.get(i).type();
      wires[i] = wire(types[i]);
    }
  }

  private static Wire wire(ColumnType type) {
    return switch (type) {
      case Simple simple ->
          switch (simple) {
            case BOOL -> Wire.BOOL;
            case INT32, INT64 -> Wire.INTEGER;
            case FLOAT32 -> Wire.FLOAT;
            case FLOAT64 -> Wire.DOUBLE;
            case DATE -> Wire.DATE;
            case TIME -> Wire.TIME;
            case TIMESTAMP, TIMESTAMP_TZ -> Wire.TIMESTAMP;
            case TEXT, BINARY, UUID -> Wire.BYTES;
            case JSON -> Wire.JSON;
          };
      case ColumnType.Decimal decimal ->
          decimal.form() == Form.LONG ? Wire.DECIMAL : Wire.WIDE_DECIMAL;
      case ColumnType.Array inner ->
          throw new IllegalArgumentException("an array of arrays: " + inner);
    };
  }

  /**
   * Takes the COPY's next bytes and hands over the rows that are complete with them.
   *
   * @throws IOException where the bytes are no COPY of these columns
   * @throws FirnException where a value has no form in the replica
   */
  public void accept(byte[] bytes, int offset, int length, Target target)
      throws IOException, InterruptedException {
    if (heldLength == 0) {
      int done = decode(bytes, offset, offset + length, target);
      hold(bytes, done, offset + length - done);
    } else {
      hold(bytes, offset, length);
      int done = decode(held, 0, heldLength, target);
      System.arraycopy(held, done, held, 0, heldLength - done);
      heldLength -= done;
    }
  }

  /**
   * The bytes have ended.
   *
   * @throws EOFException where they ended before the COPY's own end
   */
  public void finish() throws EOFException {
    if (state != State.DONE || heldLength > 0) {
      throw new EOFException("the copy of " + table.id() + " was cut short");
    }
  }

  private void hold(byte[] bytes, int offset, int length) {
    if (length > held.length - heldLength) {
      held = Arrays.copyOf(held, Math.max(heldLength + length, held.length * 2));
    }
    System.arraycopy(bytes, offset, held, heldLength, length);
    heldLength += length;
  }

  /** Decodes what is complete, and returns where the rest begins. */
  private int decode(byte[] bytes, int from, int end, Target target)
      throws IOException, InterruptedException {
    int at = from;
    if (state == State.HEADER) {
      at = skipHeader(bytes, at, end);
    }
    while (state == State.ROWS && end - at >= 2) {
      short fields = (short) SHORT.get(bytes, at);
      if (fields == -1) {
        state = State.DONE;
        at += 2;
        break;
      }
      if (fields != types.length) {
        throw new IOException(
            "a row of " + fields + " fields where " + table.id() + " has " + types.length);
      }
      int next = rowEnd(bytes, at + 2, end);
      if (next < 0) {
        return at;
      }
      row(bytes, at + 2, target.begin());
      try {
        target.end();
      } catch (RowTooLargeException e) {
        throw e.of(table.id(), keyText(bytes, at + 2));
      }
      at = next;
    }
    if (state == State.DONE && at < end) {
      throw new IOException("bytes behind the end of the copy of " + table.id());
    }
    return at;
  }

  private int skipHeader(byte[] bytes, int at, int end) throws IOException {
    if (end - at < HEADER_BYTES) {
      return at;
    }
    if (!Arrays.equals(bytes, at, at + SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length)) {
      throw new IOException("the copy of " + table.id() + " is not in binary form");
    }
    int extension = (int) INT.get(bytes, at + SIGNATURE.length + 4);
    if ((int) INT.get(bytes, at + SIGNATURE.length) != 0 || extension != 0) {
      throw new IOException("the copy of " + table.id() + " has an unknown header");
    }
    state = State.ROWS;
    return at + HEADER_BYTES;
  }

  private int rowEnd(byte[] bytes, int from, int end) throws IOException {
    int at = from;
    for (int i = 0; i < types.length; i++) {
      if (end - at < 4) {
        return -1;
      }
      int length = (int) INT.get(bytes, at);
      at += 4;
      if (length > 0) {
        if (end - at < length) {
          return -1;
        }
        at += length;
      } else if (length < -1) {
        throw new IOException("a field of " + length + " bytes in " + table.id());
      }
    }
    return at;
  }

  private void row(byte[] bytes, int from, RowWriter row) throws IOException {
    int at = from;
    for (int i = 0; i < types.length; i++) {
      int length = (int) INT.get(bytes, at);
      at += 4;
      if (length < 0) {
        row.setNull(i);
        continue;
      }
      try {
        if (arrays[i]) {
          array(i, bytes, at, length);
          array.writeTo(row, i);
        } else {
          value(i, bytes, at, length, row);
        }
      } catch (Unrepresentable e) {
        throw refused(bytes, from, i, e);
      }
      at += length;
    }
  }

  private void value(int column, byte[] bytes, int at, int length, RowWriter row)
      throws IOException, Unrepresentable {
    switch (wires[column]) {
      case BOOL, INTEGER, DATE, TIME, TIMESTAMP, DECIMAL ->
          row.setLong(column, longValue(column, bytes, at, length));
      case FLOAT -> row.setFloat(column, floatValue(bytes, at, length));
      case DOUBLE -> row.setDouble(column, doubleValue(bytes, at, length));
      case BYTES -> row.setBytes(column, bytes, at, length);
      case JSON -> {
        int skip = jsonPrefix(bytes, at, length);
        row.setBytes(column, bytes, at + skip, length - skip);
      }
      case WIDE_DECIMAL -> {
        byte[] unscaled = wideDecimal((ColumnType.Decimal) types[column], bytes, at, length);
        row.setBytes(column, unscaled, 0, unscaled.length);
      }
    }
  }

  /**
   * An array: dimensions, a flag for NULLs, the elements' oid, per dimension its size and lower
   * bound, then the elements. The lower bound is not kept.
   */
  private void array(int column, byte[] bytes, int from, int length)
      throws IOException, Unrepresentable {
    need(length >= 12, "array");
    int dimensions = (int) INT.get(bytes, from);
    array.begin();
    if (dimensions == 0) {
      return;
    }
    if (dimensions != 1) {
      throw new Unrepresentable(
          "an array of " + dimensions + " dimensions", "only one dimension can be mirrored");
    }
    need(length >= 20, "array");
    int size = (int) INT.get(bytes, from + 12);
    int end = from + length;
    int at = from + 20;
    for (int i = 0; i < size; i++) {
      need(end - at >= 4, "array");
      int elementLength = (int) INT.get(bytes, at);
      at += 4;
      if (elementLength < 0) {
        array.addNull();
        continue;
      }
      need(end - at >= elementLength, "array");
      element(column, bytes, at, elementLength);
      at += elementLength;
    }
    need(at == end, "array");
  }

  private void element(int column, byte[] bytes, int at, int length)
      throws IOException, Unrepresentable {
    switch (wires[column]) {
      case BOOL, INTEGER, DATE, TIME, TIMESTAMP, DECIMAL ->
          array.addLong(longValue(column, bytes, at, length));
      case FLOAT -> array.addFloat(floatValue(bytes, at, length));
      case DOUBLE -> array.addDouble(doubleValue(bytes, at, length));
      case BYTES -> array.addBytes(bytes, at, length);
      case JSON -> {
        int skip = jsonPrefix(bytes, at, length);
        array.addBytes(bytes, at + skip, length - skip);
      }
      case WIDE_DECIMAL -> {
        byte[] unscaled = wideDecimal((ColumnType.Decimal) types[column], bytes, at, length);
        array.addBytes(unscaled, 0, unscaled.length);
      }
    }
  }

  private long longValue(int column, byte[] bytes, int at, int length)
      throws IOException, Unrepresentable {
    return switch (wires[column]) {
      case BOOL -> {
        need(length == 1, "boolean");
        yield bytes[at];
      }
      case INTEGER ->
          switch (length) {
            case 2 -> (short) SHORT.get(bytes, at);
            case 4 -> (int) INT.get(bytes, at);
            case 8 -> (long) LONG.get(bytes, at);
            default -> throw new IOException("an integer of " + length + " bytes");
          };
      case DATE -> {
        need(length == 4, "date");
        yield date((int) INT.get(bytes, at));
      }
      case TIME -> {
        need(length == 8, "time");
        yield (long) LONG.get(bytes, at);
      }
      case TIMESTAMP -> {
        need(length == 8, "timestamp");
        yield timestamp((long) LONG.get(bytes, at));
      }
      case DECIMAL -> decimal((ColumnType.Decimal) types[column], bytes, at, length);
      case FLOAT, DOUBLE, BYTES, JSON, WIDE_DECIMAL ->
          throw new IllegalStateException(types[column] + " is no integer");
    };
  }

  private static float floatValue(byte[] bytes, int at, int length) throws IOException {
    need(length == 4, "real");
    float value = Float.intBitsToFloat((int) INT.get(bytes, at));
    return Float.isNaN(value) ? Float.NaN : value;
  }

  private static double doubleValue(byte[] bytes, int at, int length) throws IOException {
    need(length == 8, "double precision");
    double value = Double.longBitsToDouble((long) LONG.get(bytes, at));
    return Double.isNaN(value) ? Double.NaN : value;
  }

  /** A jsonb begins with its version, 1, a byte with which no JSON text begins. */
  private static int jsonPrefix(byte[] bytes, int at, int length) {
    return length > 0 && bytes[at] == 1 ? 1 : 0;
  }

  private static long date(int days) throws Unrepresentable {
    if (days == Integer.MAX_VALUE || days == Integer.MIN_VALUE) {
      throw infinite(days < 0);
    }
    long epochDays = days + EPOCH_DAYS;
    if (epochDays < FIRST_DAY) {
      throw beforeChrist(LocalDate.ofEpochDay(epochDays), "");
    }
    return epochDays;
  }

  private static long timestamp(long micros) throws Unrepresentable {
    if (micros == Long.MAX_VALUE || micros == Long.MIN_VALUE) {
      throw infinite(micros < 0);
    }
    if (micros > Long.MAX_VALUE - EPOCH_MICROS) {
      throw new Unrepresentable(
          micros + " µs after 2000-01-01", "it lies behind the last timestamp of Iceberg");
    }
    long epochMicros = micros + EPOCH_MICROS;
    if (epochMicros < FIRST_MICROS) {
      LocalDateTime time =
          LocalDateTime.ofInstant(
              Instant.EPOCH.plus(epochMicros, ChronoUnit.MICROS), ZoneOffset.UTC);
      throw beforeChrist(time.toLocalDate(), " " + time.toLocalTime());
    }
    return epochMicros;
  }

  private static Unrepresentable infinite(boolean negative) {
    return new Unrepresentable(
        negative ? "-infinity" : "infinity", "Iceberg has no infinite dates and timestamps");
  }

  private static Unrepresentable beforeChrist(LocalDate date, String time) {
    String iso = date.toString();
    return new Unrepresentable(
        (1 - date.getYear()) + iso.substring(iso.length() - "-12-31".length()) + time + " BC",
        "years before 1 are read differently by different engines");
  }

  /** The unscaled value of a numeric: groups of four decimal digits, the first with a weight. */
  private static long decimal(ColumnType.Decimal type, byte[] bytes, int at, int length)
      throws IOException, Unrepresentable {
    checkNumeric(bytes, at, length);
    int groups = (short) SHORT.get(bytes, at);
    int weight = (short) SHORT.get(bytes, at + 2);
    long unscaled = 0;
    for (int i = 0; i < groups; i++) {
      int group = (short) SHORT.get(bytes, at + 8 + 2 * i);
      int exponent = 4 * (weight - i) + type.scale();
      if (group == 0) {
        continue;
      }
      if (exponent >= 0) {
        // 10^18 × 9999 does not fit, nor does any group so high in a number of 18 digits.
        if (exponent > 18 || group > Long.MAX_VALUE / POWERS[exponent]) {
          throw outside(type, bytes, at);
        }
        unscaled += group * POWERS[exponent];
        if (unscaled < 0) {
          throw outside(type, bytes, at);
        }
      } else if (exponent > -4 && group % GROUP_POWERS[-exponent] == 0) {
        unscaled += group / GROUP_POWERS[-exponent];
      } else {
        throw outside(type, bytes, at);
      }
    }
    if (unscaled >= POWERS[type.precision()]) {
      throw outside(type, bytes, at);
    }
    return ((short) SHORT.get(bytes, at + 4) & 0xFFFF) == NUMERIC_NEGATIVE ? -unscaled : unscaled;
  }

  private byte[] wideDecimal(ColumnType.Decimal type, byte[] bytes, int at, int length)
      throws IOException, Unrepresentable {
    checkNumeric(bytes, at, length);
    int groups = (short) SHORT.get(bytes, at);
    int weight = (short) SHORT.get(bytes, at + 2);
    int lastExponent = 4 * (weight - groups + 1) + type.scale();
    boolean negative = ((short) SHORT.get(bytes, at + 4) & 0xFFFF) == NUMERIC_NEGATIVE;
    if (groups <= 4 && lastExponent >= -3 && lastExponent <= 0) {
      // At most 16 digits, with the last group cut to the scale: no need of big numbers.
      long unscaled = 0;
      for (int i = 0; i < groups - 1; i++) {
        unscaled = unscaled * 10_000 + (short) SHORT.get(bytes, at + 8 + 2 * i);
      }
      if (groups > 0) {
        int last = (short) SHORT.get(bytes, at + 8 + 2 * (groups - 1));
        int cut = GROUP_POWERS[-lastExponent];
        if (last % cut != 0) {
          throw outside(type, bytes, at);
        }
        unscaled = unscaled * (10_000 / cut) + last / cut;
      }
      return minimal(negative ? -unscaled : unscaled);
    }
    BigInteger unscaled = magnitude(bytes, at, groups);
    if (lastExponent >= 0) {
      unscaled = unscaled.multiply(BigInteger.TEN.pow(lastExponent));
    } else {
      BigInteger[] parts = unscaled.divideAndRemainder(BigInteger.TEN.pow(-lastExponent));
      if (parts[1].signum() != 0) {
        throw outside(type, bytes, at);
      }
      unscaled = parts[0];
    }
    if (unscaled.compareTo(BigInteger.TEN.pow(type.precision())) >= 0) {
      throw outside(type, bytes, at);
    }
    return (negative ? unscaled.negate() : unscaled).toByteArray();
  }

  private byte[] minimal(long value) {
    LONG.set(scratch, 0, value);
    int redundant =
        Math.max(Long.numberOfLeadingZeros(value), Long.numberOfLeadingZeros(~value)) - 1;
    return Arrays.copyOfRange(scratch, redundant >>> 3, 8);
  }

  private static BigInteger magnitude(byte[] bytes, int at, int groups) {
    BigInteger value = BigInteger.ZERO;
    BigInteger base = BigInteger.valueOf(10_000);
    for (int i = 0; i < groups; i++) {
      value =
          value.multiply(base).add(BigInteger.valueOf((short) SHORT.get(bytes, at + 8 + 2 * i)));
    }
    return value;
  }

  private static void checkNumeric(byte[] bytes, int at, int length)
      throws IOException, Unrepresentable {
    need(length >= 8 && length == 8 + 2 * (short) SHORT.get(bytes, at), "numeric");
    int sign = (short) SHORT.get(bytes, at + 4) & 0xFFFF;
    if (sign == NUMERIC_NAN) {
      throw new Unrepresentable("NaN", "Iceberg's decimals have no NaN");
    }
    if (sign == NUMERIC_INFINITE || sign == NUMERIC_NEGATIVE_INFINITE) {
      throw new Unrepresentable(
          sign == NUMERIC_INFINITE ? "Infinity" : "-Infinity",
          "Iceberg's decimals have no infinity");
    }
    need(sign == 0 || sign == NUMERIC_NEGATIVE, "numeric");
  }

  private static Unrepresentable outside(ColumnType.Decimal type, byte[] bytes, int at) {
    int groups = (short) SHORT.get(bytes, at);
    int weight = (short) SHORT.get(bytes, at + 2);
    return new Unrepresentable(
        magnitude(bytes, at, groups) + "e" + 4 * (weight - groups + 1),
        "it does not fit " + type.precision() + " digits, " + type.scale() + " behind the point");
  }

  private static void need(boolean condition, String what) throws IOException {
    if (!condition) {
      throw new IOException("a " + what + " of another form than PostgreSQL sends");
    }
  }

  private FirnException refused(byte[] bytes, int rowStart, int column, Unrepresentable cause)
      throws IOException {
    Column of = table.columns().get(column);
    return new FirnException(
        FirnException.Kind.UNREPRESENTABLE_VALUE,
        table.id()
            + ", row "
            + keyText(bytes, rowStart)
            + ": column "
            + of.name()
            + " ("
            + of.sourceType()
            + ") holds "
            + cause.value
            + ", and "
            + cause.getMessage(),
        "change the value at the source, or leave the table out",
        cause);
  }

  private String keyText(byte[] bytes, int rowStart) throws IOException {
    StringBuilder text = new StringBuilder();
    for (int column : table.key()) {
      int at = rowStart;
      for (int i = 0; i < column; i++) {
        at += 4 + Math.max(0, (int) INT.get(bytes, at));
      }
      int length = (int) INT.get(bytes, at);
      text.append(text.isEmpty() ? "" : ", ").append(table.columns().get(column).name());
      text.append('=').append(fieldText(column, bytes, at + 4, length));
    }
    return text.toString();
  }

  private String fieldText(int column, byte[] bytes, int at, int length) throws IOException {
    if (length < 0) {
      return "NULL";
    }
    if (arrays[column]) {
      return "an array";
    }
    RowBuilder builder = new RowBuilder().begin(types.length);
    try {
      value(column, bytes, at, length, builder);
    } catch (Unrepresentable e) {
      return e.value;
    }
    for (int i = 0; i < types.length; i++) {
      if (i != column) {
        builder.setNull(i);
      }
    }
    Row row = builder.build();
    return switch (wires[column]) {
      case BOOL -> row.getLong(column) != 0 ? "true" : "false";
      case INTEGER -> Long.toString(row.getLong(column));
      case FLOAT -> Float.toString(row.getFloat(column));
      case DOUBLE -> Double.toString(row.getDouble(column));
      case DATE -> LocalDate.ofEpochDay(row.getLong(column)).toString();
      case TIME -> row.getLong(column) + " µs";
      case TIMESTAMP -> Instant.EPOCH.plus(row.getLong(column), ChronoUnit.MICROS).toString();
      case DECIMAL, WIDE_DECIMAL -> {
        ColumnType.Decimal decimal = (ColumnType.Decimal) types[column];
        BigInteger unscaled =
            decimal.form() == Form.LONG
                ? BigInteger.valueOf(row.getLong(column))
                : new BigInteger(row.getBytes(column));
        yield new java.math.BigDecimal(unscaled, decimal.scale()).toPlainString();
      }
      case BYTES, JSON ->
          types[column] == Simple.BINARY || types[column] == Simple.UUID
              ? HexFormat.of().formatHex(bytes, at, at + length)
              : new String(bytes, at, length, StandardCharsets.UTF_8);
    };
  }
}
