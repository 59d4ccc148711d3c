package dev.firn.config;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * How the replica is written.
 *
 * @param readers the engines that read it; they decide the format
 * @param formatVersion Iceberg's format version that all readers read: 2 or 3
 * @param checkpoint when a checkpoint is made
 * @param maxRowBytes the largest row that is mirrored, as it is held in memory
 */
public record ReplicateConfig(
    List<String> readers, int formatVersion, Checkpoint checkpoint, long maxRowBytes) {
  /** The largest row where nobody says otherwise. */
  public static final long DEFAULT_MAX_ROW_BYTES = 64L << 20;

  /**
   * A checkpoint is made at the first transaction boundary after any of these is reached.
   *
   * @param every time since the last one
   * @param maxRows row changes since the last one
   * @param maxBytes bytes of row changes since the last one
   */
  public record Checkpoint(Duration every, long maxRows, long maxBytes) {
    public Checkpoint {
      Objects.requireNonNull(every, "every");
    }
  }

  public ReplicateConfig {
    readers = List.copyOf(readers);
    Objects.requireNonNull(checkpoint, "checkpoint");
  }
}
