package dev.firn.e2e.reader;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rows one after another, each value in {@link dev.firn.testing.reader.RowText}. */
public interface RowCursor extends AutoCloseable {
  /** The columns' names, in the rows' order. */
  List<String> columns();

  /** The next row; null behind the last. */
  @Nullable List<@Nullable String> next() throws Exception;

  @Override
  void close() throws Exception;
}
