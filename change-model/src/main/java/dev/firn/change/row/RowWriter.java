package dev.firn.change.row;

import java.nio.charset.StandardCharsets;

/**
 * Takes one row's values, column by column, each column once, in any order. What a source decodes
 * into: a packed {@link Row}, or a file's columns directly. Column indexes are those of the {@link
 * dev.firn.change.table.TableSchema}; the form of each value is that of its {@link
 * dev.firn.change.table.ColumnType}.
 */
public interface RowWriter {
  /** The column is NULL. */
  void setNull(int column);

  /**
   * The source did not send the value, because the change left it as it was (PostgreSQL's unchanged
   * TOAST).
   */
  void setUnchanged(int column);

  /** A value of form LONG. */
  void setLong(int column, long value);

  /** A value of form FLOAT. */
  void setFloat(int column, float value);

  /** A value of form DOUBLE. */
  void setDouble(int column, double value);

  /** A value of form BYTES; the bytes are copied. */
  void setBytes(int column, byte[] source, int offset, int length);

  /** A value of type TEXT or JSON. */
  default void setText(int column, String text) {
    setBytes(column, text.getBytes(StandardCharsets.UTF_8));
  }

  /** A value of form BYTES; the bytes are copied. */
  default void setBytes(int column, byte[] source) {
    setBytes(column, source, 0, source.length);
  }
}
