package dev.firn.iceberg.write;

import dev.firn.iceberg.schema.IcebergTables;
import java.util.List;

/**
 * What one table's writer may use.
 *
 * @param pendingBytes row bytes held in memory before they are written to files
 * @param openFiles files open for writing at once while a table is loaded
 * @param scanThreads files read at once while the key index is filled
 * @param largeRowBytes rows from this size on wait for nothing: each goes to a file of its own
 * @param maxRowBytes what a row may have once the values that its change left out are filled in
 */
public record WriteLimits(
    long pendingBytes, int openFiles, int scanThreads, long largeRowBytes, long maxRowBytes) {
  private static final long LARGE_ROW_BYTES = 8L << 20;

  /** For this process, by its heap. */
  public static final WriteLimits DEFAULT = of(Runtime.getRuntime().maxMemory());

  public WriteLimits {
    if (pendingBytes < 1
        || openFiles < 1
        || scanThreads < 1
        || largeRowBytes < 1
        || maxRowBytes < 1) {
      throw new IllegalArgumentException(
          "limits " + List.of(pendingBytes, openFiles, scanThreads, largeRowBytes, maxRowBytes));
    }
  }

  /** As for any table whose rows are of a common size. */
  WriteLimits(long pendingBytes, int openFiles, int scanThreads) {
    this(pendingBytes, openFiles, scanThreads, LARGE_ROW_BYTES, Long.MAX_VALUE);
  }

  /** The same with another size of the largest row. */
  public WriteLimits withMaxRowBytes(long bytes) {
    return new WriteLimits(pendingBytes, openFiles, scanThreads, largeRowBytes, bytes);
  }

  /**
   * Limits for a heap of that size. A file that is open holds up to a row group, so a load's files
   * get a quarter of the heap. Smaller row groups would let more be open, but every reader would
   * pay for them later; a partition for which there is no room costs this load a few smaller files.
   */
  static WriteLimits of(long heapBytes) {
    long files = heapBytes / 4 / IcebergTables.ROW_GROUP_BYTES;
    return new WriteLimits(64L << 20, (int) Math.clamp(files, 2, 16), 4);
  }
}
