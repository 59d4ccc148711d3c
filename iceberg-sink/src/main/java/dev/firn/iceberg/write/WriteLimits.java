package dev.firn.iceberg.write;

/**
 * What one table's writer may use.
 *
 * @param pendingBytes row bytes held in memory before they are written to files
 * @param openFiles files open for writing at once while a table is loaded
 * @param scanThreads files read at once while the key index is filled
 */
public record WriteLimits(long pendingBytes, int openFiles, int scanThreads) {
  /** For a daemon of ordinary size. */
  public static final WriteLimits DEFAULT = new WriteLimits(64L << 20, 16, 4);

  public WriteLimits {
    if (pendingBytes < 1 || openFiles < 1 || scanThreads < 1) {
      throw new IllegalArgumentException(
          "limits " + pendingBytes + ", " + openFiles + ", " + scanThreads);
    }
  }
}
