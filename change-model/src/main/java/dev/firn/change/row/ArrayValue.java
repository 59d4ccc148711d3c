package dev.firn.change.row;

import java.util.Arrays;

/**
 * The bytes of an {@link dev.firn.change.table.ColumnType.Array} value: the number of elements
 * (int), then each element as its length in bytes (int, -1 for NULL) and its bytes, little-endian.
 * An element of form LONG or DOUBLE has 8 bytes, one of form FLOAT 4.
 */
public final class ArrayValue {
  private ArrayValue() {}

  /** Packs elements one after another; {@link #begin} starts the next array. Not thread-safe. */
  public static final class Builder {
    private byte[] bytes = new byte[256];
    private int end = 4;
    private int count;

    /** Starts an empty array. */
    public Builder begin() {
      end = 4;
      count = 0;
      return this;
    }

    /** A NULL element. */
    public void addNull() {
      header(-1, 0);
    }

    /** An element of form LONG. */
    public void addLong(long value) {
      header(8, 8);
      Row.LONG.set(bytes, end, value);
      end += 8;
    }

    /** An element of form DOUBLE. */
    public void addDouble(double value) {
      addLong(Double.doubleToRawLongBits(value));
    }

    /** An element of form FLOAT. */
    public void addFloat(float value) {
      header(4, 4);
      Row.INT.set(bytes, end, Float.floatToRawIntBits(value));
      end += 4;
    }

    /** An element of form BYTES; the bytes are copied. */
    public void addBytes(byte[] source, int offset, int length) {
      header(length, length);
      System.arraycopy(source, offset, bytes, end, length);
      end += length;
    }

    /** Hands the finished array to a row's column. */
    public void writeTo(RowWriter row, int column) {
      Row.INT.set(bytes, 0, count);
      row.setBytes(column, bytes, 0, end);
    }

    private void header(int length, int payload) {
      int needed = Math.addExact(end + 4, payload);
      if (needed > bytes.length) {
        bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE - 16, needed * 2L));
      }
      Row.INT.set(bytes, end, length);
      end += 4;
      count++;
    }
  }

  /** Walks over the elements of an array value: {@link #next}, then the accessors. */
  public static final class Reader {
    private final byte[] bytes;
    private final int count;
    private int index = -1;
    private int at;
    private int length;

    /** The array value that the column of a row holds, which must not be NULL. */
    public Reader(Row row, int column) {
      this.bytes = row.array();
      this.at = row.bytesOffset(column) + 4;
      this.count = (int) Row.INT.get(bytes, row.bytesOffset(column));
    }

    /** How many elements there are. */
    public int count() {
      return count;
    }

    /** Goes to the next element; false behind the last. */
    public boolean next() {
      if (index + 1 >= count) {
        return false;
      }
      if (index >= 0 && length > 0) {
        at += length;
      }
      index++;
      length = (int) Row.INT.get(bytes, at);
      at += 4;
      return true;
    }

    /** Whether the element is NULL. */
    public boolean isNull() {
      return length < 0;
    }

    /** The element of form LONG. */
    public long getLong() {
      return (long) Row.LONG.get(bytes, at);
    }

    /** The element of form DOUBLE. */
    public double getDouble() {
      return Double.longBitsToDouble(getLong());
    }

    /** The element of form FLOAT. */
    public float getFloat() {
      return Float.intBitsToFloat((int) Row.INT.get(bytes, at));
    }

    /** The array in which the element of form BYTES lies, at {@link #bytesOffset}. */
    public byte[] array() {
      return bytes;
    }

    /** Where the element's bytes begin. */
    public int bytesOffset() {
      return at;
    }

    /** How many bytes the element has. */
    public int bytesLength() {
      return length;
    }
  }
}
