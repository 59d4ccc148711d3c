package dev.firn.iceberg.maintenance;

import dev.firn.iceberg.commit.KnownTable;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Expires old snapshots and deletes the files that only they refer to: a step of its own after a
 * checkpoint, for one table at a time, in batches, so that its cost is spread over many
 * checkpoints. Iceberg's own expiry keeps tagged and branched snapshots. Not thread-safe.
 */
public final class SnapshotExpiry {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotExpiry.class);

  private final Clock clock;

  /** Expiry by this clock. */
  public SnapshotExpiry(Clock clock) {
    this.clock = clock;
  }

  /**
   * Expires what is too old, where it is a batch or more.
   *
   * @return whether it did
   */
  public boolean expire(KnownTable table, Retention retention) {
    List<Snapshot> snapshots = new ArrayList<>();
    table.table().snapshots().forEach(snapshots::add);
    if (snapshots.size() < retention.least() + retention.batch()) {
      return false;
    }
    snapshots.sort(Comparator.comparingLong(Snapshot::sequenceNumber));
    long oldestKept = clock.instant().minus(retention.age()).toEpochMilli();
    long tooOld =
        snapshots.subList(0, snapshots.size() - retention.least()).stream()
            .filter(snapshot -> snapshot.timestampMillis() < oldestKept)
            .count();
    if (tooOld < retention.batch()) {
      return false;
    }
    try {
      table.expireSnapshots(oldestKept, retention.least());
    } catch (CommitFailedException e) {
      LOG.info(
          "expiring snapshots of {} gave way to another commit: {}", table.id(), e.getMessage());
    }
    return true;
  }
}
