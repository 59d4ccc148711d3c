package dev.firn.change.table;

/**
 * What a column's values are, and in which form a {@link dev.firn.change.row.Row} holds them.
 *
 * <p>Each type has one {@linkplain #form() form}: a 64-bit integer, IEEE bits, or bytes. The forms
 * are the contract between the sources that fill rows and the sink and digests that read them.
 */
public sealed interface ColumnType {

  /** How a value lies in a row. */
  enum Form {
    /** A signed 64-bit integer: {@code getLong}. */
    LONG,
    /** A 32-bit IEEE number: {@code getFloat}. */
    FLOAT,
    /** A 64-bit IEEE number: {@code getDouble}. */
    DOUBLE,
    /** A byte sequence: {@code getBytes} and its kin. */
    BYTES
  }

  /** The form in which a row holds values of this type. */
  Form form();

  /** Types without parameters. */
  enum Simple implements ColumnType {
    /** 0 or 1. */
    BOOL(Form.LONG),
    /** A 16- or 32-bit signed integer. */
    INT32(Form.LONG),
    /** A 64-bit signed integer. */
    INT64(Form.LONG),
    /** IEEE single. */
    FLOAT32(Form.FLOAT),
    /** IEEE double. */
    FLOAT64(Form.DOUBLE),
    /** Days from 1970-01-01, proleptic Gregorian. */
    DATE(Form.LONG),
    /** Microseconds from midnight, 0 to 86,400,000,000. */
    TIME(Form.LONG),
    /** Microseconds from 1970-01-01T00:00:00 on a clock without zone. */
    TIMESTAMP(Form.LONG),
    /** Microseconds from 1970-01-01T00:00:00Z. */
    TIMESTAMP_TZ(Form.LONG),
    /** UTF-8 text. */
    TEXT(Form.BYTES),
    /** UTF-8 text of a JSON document, as the source prints it. */
    JSON(Form.BYTES),
    /** Bytes. */
    BINARY(Form.BYTES),
    /** 16 bytes, most significant first. */
    UUID(Form.BYTES);

    private final Form form;

    Simple(Form form) {
      this.form = form;
    }

    @Override
    public Form form() {
      return form;
    }
  }

  /**
   * A fixed-point number. Up to 18 digits it is the unscaled value as a {@link Form#LONG}; beyond,
   * the unscaled value as big-endian two's complement {@link Form#BYTES}, of the least length.
   *
   * @param precision decimal digits in all, 1 to 38
   * @param scale digits behind the point, 0 to precision
   */
  record Decimal(int precision, int scale) implements ColumnType {
    /** The most digits of which every unscaled value fits a long. */
    public static final int MAX_LONG_PRECISION = 18;

    public Decimal {
      if (precision < 1 || precision > 38 || scale < 0 || scale > precision) {
        throw new IllegalArgumentException(
            "decimal(" + precision + "," + scale + ") is outside 1..38 digits");
      }
    }

    @Override
    public Form form() {
      return precision <= MAX_LONG_PRECISION ? Form.LONG : Form.BYTES;
    }
  }

  /**
   * A one-dimensional array, in the form of {@link dev.firn.change.row.ArrayValue}.
   *
   * @param element the elements' type; not itself an array
   */
  record Array(ColumnType element) implements ColumnType {
    public Array {
      if (element instanceof Array) {
        throw new IllegalArgumentException("arrays of arrays are not supported");
      }
    }

    @Override
    public Form form() {
      return Form.BYTES;
    }
  }
}
