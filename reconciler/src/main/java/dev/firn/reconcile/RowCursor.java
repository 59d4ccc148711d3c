package dev.firn.reconcile;

import dev.firn.change.row.Row;
import org.jspecify.annotations.Nullable;

/** One side of a comparison: its rows in the order of {@link KeyOrder}. Not thread-safe. */
public interface RowCursor {
  /**
   * The next row, a view that lasts until the next call; null behind the last one.
   *
   * @throws java.io.UncheckedIOException where the side can no longer be read
   */
  @Nullable Row next();
}
