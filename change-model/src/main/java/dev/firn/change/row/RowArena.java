package dev.firn.change.row;

import java.util.ArrayList;
import java.util.List;

/**
 * Keeps copies of many rows in a few large arrays, each found again by a reference. Rows are never
 * removed singly; {@link #clear} drops all. Not thread-safe.
 */
public final class RowArena {
  private static final int PAGE_BYTES = 1 << 20;

  private final List<byte[]> pages = new ArrayList<>();
  private int used;
  private long sizeBytes;

  /** Copies a row in and returns its reference, which is ≥ 0 and rises from row to row. */
  public long add(Row row) {
    int size = row.sizeBytes();
    byte[] page = pages.isEmpty() ? null : pages.getLast();
    if (page == null || page.length - used < size) {
      page = new byte[Math.max(PAGE_BYTES, size)];
      pages.add(page);
      sizeBytes += page.length;
      used = 0;
    }
    int at = used;
    row.copyTo(page, at);
    used += size;
    return (long) (pages.size() - 1) << 32 | at;
  }

  /** The row behind a reference, a view valid until {@link #clear}. */
  public Row get(long reference) {
    return new Row(pages.get((int) (reference >>> 32)), (int) reference);
  }

  /** The memory that the arena holds. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** Drops every row. */
  public void clear() {
    pages.clear();
    used = 0;
    sizeBytes = 0;
  }
}
