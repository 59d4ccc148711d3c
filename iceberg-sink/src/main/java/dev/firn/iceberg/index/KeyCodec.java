package dev.firn.iceberg.index;

import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hasher128;
import com.dynatrace.hash4j.hashing.Hashing;
import dev.firn.change.row.Row;
import dev.firn.change.table.ColumnType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Makes 128 bits of a row's key columns. Where the columns have fixed widths and 16 bytes hold them
 * all, the bits are the key itself; else they are a 128-bit hash with a seed of its own for each
 * index (see the module's RATIONALE.md for the odds of a collision). Floating-point zeros and NaNs
 * count as one value each, as they do in a database's unique index.
 *
 * <p>{@link #encode}, then {@link #high} and {@link #low}. Not thread-safe; {@link #fork} gives
 * another thread its own.
 */
public final class KeyCodec {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final ColumnType[] types;
  private final int[] bits;
  private final int totalBits;
  private final Hasher128 hasher;
  private byte[] buffer = new byte[64];
  private long high;
  private long low;

  private KeyCodec(ColumnType[] types, int[] bits, int totalBits, Hasher128 hasher) {
    this.types = types;
    this.bits = bits;
    this.totalBits = totalBits;
    this.hasher = hasher;
  }

  /**
   * A codec for keys of these columns.
   *
   * @param types the key columns' types, in the key's order
   */
  public static KeyCodec of(List<ColumnType> types) {
    int[] bits = types.stream().mapToInt(KeyCodec::bits).toArray();
    boolean fixed = Arrays.stream(bits).allMatch(width -> width > 0);
    long total = Arrays.stream(bits).asLongStream().sum();
    return new KeyCodec(
        types.toArray(ColumnType[]::new),
        bits,
        fixed && total <= 128 ? (int) total : -1,
        Hashing.xxh3_128(RandomGenerator.of("SecureRandom").nextLong()));
  }

  /** A codec that gives the same bits, for another thread. */
  public KeyCodec fork() {
    return new KeyCodec(types, bits, totalBits, hasher);
  }

  /** Whether the bits are the key itself, not a hash of it. */
  public boolean isExact() {
    return totalBits > 0;
  }

  /** Whether {@link #high} is always 0. */
  public boolean fitsLong() {
    return isExact() && totalBits <= 64;
  }

  /**
   * Encodes a row's key.
   *
   * @param columns where in the row the key columns are, in the key's order
   */
  public void encode(Row row, int[] columns) {
    if (isExact()) {
      encodeExactly(row, columns);
    } else {
      hash(row, columns);
    }
  }

  /** The high half of what {@link #encode} made. */
  public long high() {
    return high;
  }

  /** The low half of what {@link #encode} made. */
  public long low() {
    return low;
  }

  private void encodeExactly(Row row, int[] columns) {
    long upper = 0;
    long lower = 0;
    for (int i = 0; i < columns.length; i++) {
      int column = columns[i];
      int width = bits[i];
      if (width == 128) {
        byte[] bytes = row.array();
        int at = row.bytesOffset(column);
        upper = (long) LONG.get(bytes, at);
        lower = (long) LONG.get(bytes, at + 8);
      } else if (width == 64) {
        upper = lower;
        lower = fixed(types[i], row, column);
      } else {
        upper = upper << width | lower >>> (64 - width);
        lower = lower << width | (fixed(types[i], row, column) & ((1L << width) - 1));
      }
    }
    high = totalBits <= 64 ? 0 : upper;
    low = lower;
  }

  private void hash(Row row, int[] columns) {
    HashValue128 value;
    if (columns.length == 1 && types[0].form() == ColumnType.Form.BYTES) {
      int column = columns[0];
      value =
          hasher.hashBytesTo128Bits(row.array(), row.bytesOffset(column), row.bytesLength(column));
    } else {
      int end = 0;
      for (int i = 0; i < columns.length; i++) {
        int column = columns[i];
        if (types[i].form() == ColumnType.Form.BYTES) {
          int length = row.bytesLength(column);
          ensure(end + 8L + length);
          LONG.set(buffer, end, (long) length);
          System.arraycopy(row.array(), row.bytesOffset(column), buffer, end + 8, length);
          end += 8 + length;
        } else {
          ensure(end + 8L);
          LONG.set(buffer, end, fixed(types[i], row, column));
          end += 8;
        }
      }
      value = hasher.hashBytesTo128Bits(buffer, 0, end);
    }
    high = value.getMostSignificantBits();
    low = value.getLeastSignificantBits();
  }

  private void ensure(long needed) {
    if (needed > buffer.length) {
      buffer = Arrays.copyOf(buffer, Math.toIntExact(needed * 2));
    }
  }

  private static long fixed(ColumnType type, Row row, int column) {
    return switch (type.form()) {
      case LONG -> row.getLong(column);
      // + 0.0 makes the negative zero the positive one
      case FLOAT -> Float.floatToIntBits(row.getFloat(column) + 0.0f);
      case DOUBLE -> Double.doubleToLongBits(row.getDouble(column) + 0.0);
      case BYTES -> throw new IllegalArgumentException(type + " has no fixed width");
    };
  }

  /** The width of a type's values; 0 where it varies. */
  private static int bits(ColumnType type) {
    return switch (type) {
      case ColumnType.Simple simple ->
          switch (simple) {
            case BOOL -> 1;
            case INT32, DATE, FLOAT32 -> 32;
            case INT64, TIME, TIMESTAMP, TIMESTAMP_TZ, FLOAT64 -> 64;
            case UUID -> 128;
            case TEXT, JSON, BINARY -> 0;
          };
      case ColumnType.Decimal decimal -> decimal.form() == ColumnType.Form.LONG ? 64 : 0;
      case ColumnType.Array _ -> 0;
    };
  }
}
