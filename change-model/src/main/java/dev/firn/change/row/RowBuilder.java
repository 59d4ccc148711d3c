package dev.firn.change.row;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Packs one row after another into a buffer of its own, which grows and is reused: the row that
 * {@link #build} returns lasts until the next {@link #begin}. A buffer that one large row needed is
 * not kept for the next. Not thread-safe.
 */
public final class RowBuilder implements RowWriter {
  private static final int FIRST_BYTES = 1024;
  private static final int LARGE_BYTES = 1 << 20;
  private static final long LONGEST_ARRAY = Integer.MAX_VALUE - 16;

  private final long maxBytes;
  private byte[] bytes = new byte[FIRST_BYTES];
  private long[] assigned = new long[1];
  private int columns;
  private int assignedCount;
  private int slots;
  private int end;

  /** Bytes of values that had no room, and were only counted. */
  private long leftOut;

  /** For rows of any size. */
  public RowBuilder() {
    this(LONGEST_ARRAY);
  }

  /**
   * For rows up to a size.
   *
   * @param maxBytes what a row may take, header and all; of a larger one only the size is found out
   */
  public RowBuilder(long maxBytes) {
    this.maxBytes = Math.min(maxBytes, LONGEST_ARRAY);
  }

  /** Starts a row of that many columns; what was built before is gone. */
  public RowBuilder begin(int columnCount) {
    columns = columnCount;
    assignedCount = 0;
    slots = Row.slotsOffset(columnCount);
    end = slots + (columnCount << 3);
    leftOut = 0;
    if (bytes.length > LARGE_BYTES) {
      bytes = new byte[FIRST_BYTES];
    }
    ensure(0);
    Arrays.fill(bytes, 0, end, (byte) 0);
    int words = Math.max(1, (columnCount + 63) >>> 6);
    if (assigned.length < words) {
      assigned = new long[words];
    } else {
      Arrays.fill(assigned, 0L);
    }
    return this;
  }

  @Override
  public void setNull(int column) {
    assign(column);
    setBit(Row.HEADER_BYTES, column);
  }

  @Override
  public void setUnchanged(int column) {
    assign(column);
    setBit(Row.HEADER_BYTES + Row.bitmapBytes(columns), column);
  }

  @Override
  public void setLong(int column, long value) {
    assign(column);
    Row.LONG.set(bytes, slots + (column << 3), value);
  }

  @Override
  public void setFloat(int column, float value) {
    setLong(column, Integer.toUnsignedLong(Float.floatToRawIntBits(value)));
  }

  @Override
  public void setDouble(int column, double value) {
    setLong(column, Double.doubleToRawLongBits(value));
  }

  @Override
  public void setBytes(int column, byte[] source, int offset, int length) {
    if (hasRoom(column, length)) {
      System.arraycopy(source, offset, bytes, end, length);
      end += length;
    }
  }

  @Override
  public void setText(int column, String text) {
    if (text.length() < LARGE_BYTES) {
      setBytes(column, text.getBytes(StandardCharsets.UTF_8));
      return;
    }
    // no second copy of what is large
    long length = utf8Bytes(text);
    if (hasRoom(column, length)) {
      CharsetEncoder encoder =
          StandardCharsets.UTF_8
              .newEncoder()
              .onMalformedInput(CodingErrorAction.REPLACE)
              .onUnmappableCharacter(CodingErrorAction.REPLACE);
      ByteBuffer target = ByteBuffer.wrap(bytes, end, (int) length);
      encoder.encode(CharBuffer.wrap(text), target, true);
      if (target.hasRemaining()) {
        throw new IllegalStateException(target.remaining() + " bytes of a text are missing");
      }
      end += (int) length;
    }
  }

  private static long utf8Bytes(String text) {
    long length = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        length++;
      } else if (c < 0x800) {
        length += 2;
      } else if (!Character.isSurrogate(c)) {
        length += 3;
      } else if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        length += 4;
        i++;
      } else {
        length++;
      }
    }
    return length;
  }

  /** Points the column at the bytes to come; where the row has no room for them, counts them. */
  private boolean hasRoom(int column, long length) {
    if (end + length > maxBytes) {
      leftOut += length;
      setNull(column);
      return false;
    }
    ensure((int) length);
    setLong(column, length << 32 | end);
    return true;
  }

  /** Copies one column's value, NULL or mark from another row. */
  public void copy(int column, Row from, int fromColumn, boolean asBytes) {
    if (from.isNull(fromColumn)) {
      setNull(column);
    } else if (from.isUnchanged(fromColumn)) {
      setUnchanged(column);
    } else if (asBytes) {
      setBytes(column, from.array(), from.bytesOffset(fromColumn), from.bytesLength(fromColumn));
    } else {
      setLong(column, from.getLong(fromColumn));
    }
  }

  /**
   * The finished row, valid until the next {@link #begin}.
   *
   * @throws IllegalStateException where a column was left out
   * @throws RowTooLargeException where the row is larger than this builder's may be
   */
  public Row build() {
    if (assignedCount != columns) {
      throw new IllegalStateException(assignedCount + " of " + columns + " columns were set");
    }
    if (leftOut > 0 || end > maxBytes) {
      throw new RowTooLargeException(end + leftOut, maxBytes);
    }
    Row.INT.set(bytes, 0, end);
    Row.INT.set(bytes, 4, columns);
    return new Row(bytes, 0);
  }

  private void assign(int column) {
    if (column < 0 || column >= columns) {
      throw new IndexOutOfBoundsException("column " + column + " of " + columns);
    }
    long bit = 1L << column;
    if ((assigned[column >>> 6] & bit) != 0) {
      throw new IllegalStateException("column " + column + " was set twice");
    }
    assigned[column >>> 6] |= bit;
    assignedCount++;
  }

  private void setBit(int bitmap, int column) {
    int at = bitmap + ((column >>> 6) << 3);
    Row.LONG.set(bytes, at, (long) Row.LONG.get(bytes, at) | 1L << column);
  }

  private void ensure(int more) {
    int needed = end + more;
    if (needed > bytes.length) {
      bytes = Arrays.copyOf(bytes, needed > LARGE_BYTES ? needed : needed + (needed >> 1));
    }
  }
}
