package dev.firn.iceberg.commit;

import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.FirnException.Kind;
import dev.firn.change.position.Frontier;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotAncestryValidator;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.io.FileIO;

/**
 * Lets a commit through only where nothing but commits of other engines lies between the snapshot
 * that Firn wrote last and the one it commits on.
 */
final class AncestryGuard implements SnapshotAncestryValidator {
  private static final String ENGINE = "engine-name";

  private final KnownTable table;
  private final Marks marks;
  private final OptionalLong lastSnapshotId;

  /**
   * A guard for one commit.
   *
   * @param marks what the commit carries
   * @param lastSnapshotId the last snapshot of Firn's, as its properties tell
   */
  AncestryGuard(KnownTable table, Marks marks, OptionalLong lastSnapshotId) {
    this.table = table;
    this.marks = marks;
    this.lastSnapshotId = lastSnapshotId;
  }

  /** Refuses where the table's properties tell that another daemon has it. */
  static void refuseOtherDaemon(KnownTable table, TableMetadata metadata, Marks marks) {
    Map<String, String> properties = metadata.properties();
    long epoch = Long.parseLong(properties.getOrDefault(Marks.EPOCH, "0"));
    boolean otherOfSameEpoch =
        epoch == marks.epoch() && !marks.daemon().equals(properties.get(Marks.DAEMON));
    if (epoch > marks.epoch() || otherOfSameEpoch) {
      throw fenced(table, epoch, marks);
    }
  }

  @Override
  public boolean validate(Iterable<Snapshot> ancestors) {
    // what counts as not loaded may hold anything
    boolean toBeLoaded = marks.frontier().filter(Frontier.NotLoaded.class::isInstance).isPresent();
    if (lastSnapshotId.isEmpty() || toBeLoaded) {
      ancestors.forEach(this::refuseOtherDaemons);
      return true;
    }
    long last = lastSnapshotId.getAsLong();
    boolean any = false;
    for (Snapshot snapshot : ancestors) {
      any = true;
      if (table.isRewriteOf(last, snapshot)) {
        return true;
      }
      if (snapshot.snapshotId() == last) {
        return true;
      }
      refuseOtherDaemons(snapshot);
      refuseRowsOfOthers(snapshot);
      // others may have expired ours; its successor names it all the same
      if (snapshot.parentId() != null && snapshot.parentId() == last) {
        return true;
      }
    }
    String what =
        "Iceberg table "
            + table.id()
            + (any ? " was rolled back by others: " : " has lost its current snapshot: ")
            + "Firn's last snapshot "
            + last
            + " is no longer in its history";
    if (marks.frontier().isPresent()) {
      throw new LostTableException(table, what);
    }
    // the control table
    throw new FirnException(
        Kind.REPLICA_UNFIT,
        what,
        "set the table to that snapshot again (rollback_to_snapshot or set_current_snapshot)");
  }

  /** Refuses a snapshot of another daemon that is newer than the last one that is known. */
  private void refuseOtherDaemons(Snapshot snapshot) {
    Map<String, String> summary = snapshot.summary();
    if (summary == null || !summary.containsKey(Marks.EPOCH)) {
      return;
    }
    long epoch = Long.parseLong(summary.get(Marks.EPOCH));
    boolean ours = epoch == marks.epoch() && marks.daemon().equals(summary.get(Marks.DAEMON));
    Snapshot last =
        lastSnapshotId.isPresent() ? table.metadata().snapshot(lastSnapshotId.getAsLong()) : null;
    // without our last one the end of this walk refuses, whose snapshot this may be
    boolean newer = last != null && snapshot.sequenceNumber() > last.sequenceNumber();
    if (epoch > marks.epoch() || (newer && !ours)) {
      throw fenced(table, epoch, marks);
    }
  }

  /**
   * Others may rewrite files. A snapshot of theirs that adds or removes rows makes the replica
   * another one than the source.
   */
  private void refuseRowsOfOthers(Snapshot snapshot) {
    Map<String, String> summary = snapshot.summary() == null ? Map.of() : snapshot.summary();
    if (summary.containsKey(Marks.EPOCH)
        || DataOperations.REPLACE.equals(snapshot.operation())
        || !changesFiles(snapshot)) {
      return;
    }
    throw new FirnException(
        Kind.REPLICA_UNFIT,
        "another program changed rows of Iceberg table "
            + table.id()
            + ": snapshot "
            + snapshot.snapshotId()
            + (snapshot.operation() == null ? "" : ", operation " + snapshot.operation())
            + (summary.containsKey(ENGINE) ? ", by " + summary.get(ENGINE) : ""),
        "find out who writes to it, and set it to Firn's last snapshot again"
            + " (rollback_to_snapshot), or drop the table so that Firn loads it again");
  }

  /** By its manifests: what summaries count is optional. */
  private boolean changesFiles(Snapshot snapshot) {
    FileIO io = table.table().io();
    return Stream.<Iterable<?>>of(
            snapshot.addedDataFiles(io),
            snapshot.removedDataFiles(io),
            snapshot.addedDeleteFiles(io),
            snapshot.removedDeleteFiles(io))
        .anyMatch(files -> files.iterator().hasNext());
  }

  private static FirnException fenced(KnownTable table, long epoch, Marks marks) {
    return new FirnException(
        Kind.FENCED,
        "another Firn daemon took the replica over: Iceberg table "
            + table.id()
            + " carries epoch "
            + epoch
            + ", and this daemon has epoch "
            + marks.epoch(),
        "let only one daemon write to this replica; this one has stopped and changed nothing"
            + " since");
  }
}
