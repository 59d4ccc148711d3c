package dev.firn.change.row;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A row as packed bytes: a view of a byte array that somebody else may own and reuse, so whoever
 * keeps a row beyond a call copies it (see {@link RowArena}).
 *
 * <p>Layout, little-endian: the row's size in bytes (int), the number of columns n (int), a bitmap
 * of NULLs and one of unchanged values (⌈n/64⌉ longs each), n slots of 8 bytes, then the bytes of
 * the variable-length values. A slot holds the value itself, or the offset of its bytes from the
 * row's start (low 32 bits) and their length (high 32 bits). Slots of NULL and unchanged columns
 * are 0.
 */
public final class Row {
  static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  static final int HEADER_BYTES = 8;

  private final byte[] bytes;
  private final int start;
  private final int columns;
  private final int slots;

  /**
   * The row that lies in an array.
   *
   * @param bytes holds the row in the layout above; not copied
   * @param start where the row begins
   */
  public Row(byte[] bytes, int start) {
    this.bytes = bytes;
    this.start = start;
    this.columns = (int) INT.get(bytes, start + 4);
    this.slots = start + slotsOffset(columns);
  }

  static int bitmapBytes(int columns) {
    return ((columns + 63) >>> 6) << 3;
  }

  static int slotsOffset(int columns) {
    return HEADER_BYTES + 2 * bitmapBytes(columns);
  }

  /** How many columns the row has. */
  public int columnCount() {
    return columns;
  }

  /** The bytes that the row takes, header and all. */
  public int sizeBytes() {
    return (int) INT.get(bytes, start);
  }

  /** Whether the column is NULL. False for an unchanged one. */
  public boolean isNull(int column) {
    return bit(start + HEADER_BYTES, column);
  }

  /** Whether the source left the column's value out because the change did not touch it. */
  public boolean isUnchanged(int column) {
    return bit(start + HEADER_BYTES + bitmapBytes(columns), column);
  }

  /** Whether any column is unchanged, and the row therefore incomplete. */
  public boolean hasUnchanged() {
    int from = start + HEADER_BYTES + bitmapBytes(columns);
    for (int at = from; at < slots; at += 8) {
      if ((long) LONG.get(bytes, at) != 0) {
        return true;
      }
    }
    return false;
  }

  /** The value of a column of form LONG; 0 where it is NULL. */
  public long getLong(int column) {
    return slot(column);
  }

  /** The value of a column of form FLOAT; 0 where it is NULL. */
  public float getFloat(int column) {
    return Float.intBitsToFloat((int) slot(column));
  }

  /** The value of a column of form DOUBLE; 0 where it is NULL. */
  public double getDouble(int column) {
    return Double.longBitsToDouble(slot(column));
  }

  /** The array in which {@link #bytesOffset} and {@link #bytesLength} point. Not to be changed. */
  public byte[] array() {
    return bytes;
  }

  /** Where the bytes of a column of form BYTES begin in {@link #array}. */
  public int bytesOffset(int column) {
    return start + (int) slot(column);
  }

  /** How many bytes a column of form BYTES has; 0 where it is NULL. */
  public int bytesLength(int column) {
    return (int) (slot(column) >>> 32);
  }

  /** A copy of the bytes of a column of form BYTES. */
  public byte[] getBytes(int column) {
    int from = bytesOffset(column);
    return Arrays.copyOfRange(bytes, from, from + bytesLength(column));
  }

  /** The value of a TEXT or JSON column. */
  public String getText(int column) {
    return new String(bytes, bytesOffset(column), bytesLength(column), StandardCharsets.UTF_8);
  }

  /** Copies the whole row into an array, where {@code new Row(target, at)} finds it. */
  public void copyTo(byte[] target, int at) {
    System.arraycopy(bytes, start, target, at, sizeBytes());
  }

  /** The same row with bytes of its own. */
  public Row copy() {
    byte[] own = new byte[sizeBytes()];
    copyTo(own, 0);
    return new Row(own, 0);
  }

  /** Whether a column holds the same value, NULL or mark in both rows, of one schema. */
  public boolean sameValue(int column, Row other, int otherColumn, boolean asBytes) {
    if (isNull(column) != other.isNull(otherColumn)
        || isUnchanged(column) != other.isUnchanged(otherColumn)) {
      return false;
    }
    if (!asBytes) {
      return slot(column) == other.slot(otherColumn);
    }
    int from = bytesOffset(column);
    int otherFrom = other.bytesOffset(otherColumn);
    return Arrays.equals(
        bytes,
        from,
        from + bytesLength(column),
        other.bytes,
        otherFrom,
        otherFrom + other.bytesLength(otherColumn));
  }

  private long slot(int column) {
    return (long) LONG.get(bytes, slots + (column << 3));
  }

  private boolean bit(int bitmap, int column) {
    return ((long) LONG.get(bytes, bitmap + ((column >>> 6) << 3)) >>> column & 1) != 0;
  }
}
