package dev.firn.change.row;

import java.util.Arrays;

/**
 * Packs one row after another into a buffer of its own, which grows and is reused: the row that
 * {@link #build} returns lasts until the next {@link #begin}. Not thread-safe.
 */
public final class RowBuilder implements RowWriter {
  private byte[] bytes = new byte[1024];
  private long[] assigned = new long[1];
  private int columns;
  private int assignedCount;
  private int slots;
  private int end;

  /** Starts a row of that many columns; what was built before is gone. */
  public RowBuilder begin(int columnCount) {
    columns = columnCount;
    assignedCount = 0;
    slots = Row.slotsOffset(columnCount);
    end = slots + (columnCount << 3);
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
    ensure(length);
    setLong(column, (long) length << 32 | end);
    System.arraycopy(source, offset, bytes, end, length);
    end += length;
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
   */
  public Row build() {
    if (assignedCount != columns) {
      throw new IllegalStateException(assignedCount + " of " + columns + " columns were set");
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
    long needed = (long) end + more;
    if (needed > bytes.length) {
      if (needed > Integer.MAX_VALUE - 16) {
        throw new IllegalArgumentException("a row of " + needed + " bytes is too large");
      }
      bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE - 16, needed + (needed >> 1)));
    }
  }
}
