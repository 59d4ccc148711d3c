package dev.firn.iceberg.commit;

import dev.firn.iceberg.write.TableDelta;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.iceberg.AppendFiles;
import org.apache.iceberg.BaseTransaction;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.OverwriteFiles;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotUpdate;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.Transactions;
import org.apache.iceberg.UpdateProperties;
import org.apache.iceberg.expressions.Expressions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes a table's next metadata, without moving its pointer. */
final class Staging {
  private static final Logger LOG = LoggerFactory.getLogger(Staging.class);

  private Staging() {}

  static StagedTable stage(TableCommitPart part) throws InterruptedException {
    KnownTable table = part.table();
    TableMetadata base = table.metadata();
    Marks marks = part.marks();
    AncestryGuard.refuseOtherDaemon(table, base, marks);
    if (table.isLost()) {
      // the guard refuses a commit that does not say so
      LOG.warn(
          "table {}: Firn's last snapshot {} is no longer in its history; it is loaded again",
          table.id(),
          table.lastSnapshotId().orElseThrow());
    }
    TableChange change = part.changeOn(table.table());

    BaseTransaction transaction =
        (BaseTransaction)
            Transactions.newTransaction(table.id().toString(), table.startStaging(), report -> {});
    AncestryGuard guard = new AncestryGuard(table, marks, table.lastSnapshotId());
    Map<String, String> summary = new TreeMap<>(marks.entries());
    summary.putAll(part.summary());
    boolean merges =
        switch (change) {
          case TableChange.Nothing() -> {
            // copies the manifest list, and merges none
            finish(transaction.newFastAppend(), guard, summary);
            yield false;
          }
          case TableChange.Replacement replacement -> {
            OverwriteFiles overwrite =
                transaction.newOverwrite().overwriteByRowFilter(Expressions.alwaysTrue());
            replacement.files().forEach(overwrite::addFile);
            finish(overwrite, guard, summary);
            yield true;
          }
          case TableChange.Delta(TableDelta delta) ->
              stageDelta(transaction, delta, guard, summary);
        };
    Snapshot snapshot = transaction.table().currentSnapshot();

    UpdateProperties properties = transaction.updateProperties();
    marks.entries().forEach(properties::set);
    part.properties().forEach(properties::set);
    properties.set(Marks.SNAPSHOT, Long.toString(snapshot.snapshotId()));
    properties.set(Marks.SEQUENCE_NUMBER, Long.toString(snapshot.sequenceNumber()));
    properties.commit();
    return new StagedTable(
        table,
        base,
        transaction.currentMetadata(),
        snapshot.snapshotId(),
        merges,
        Optional.empty());
  }

  private static boolean stageDelta(
      BaseTransaction transaction,
      TableDelta delta,
      AncestryGuard guard,
      Map<String, String> summary) {
    if (delta.addedDeleteFiles().isEmpty()
        && delta.replacedDeleteFiles().isEmpty()
        && delta.removedDataFiles().isEmpty()) {
      // into an empty table, as loads go, nothing can be merged; later, manifests are merged when
      // there are many, so that a table that only grows does not grow its manifest list for ever
      boolean first = transaction.table().currentSnapshot() == null;
      AppendFiles append = first ? transaction.newFastAppend() : transaction.newAppend();
      delta.addedDataFiles().forEach(append::appendFile);
      finish(append, guard, summary);
      return !first;
    }
    RowDelta rows = transaction.newRowDelta();
    delta.addedDataFiles().forEach(rows::addRows);
    delta.addedDeleteFiles().forEach(rows::addDeletes);
    for (DeleteFile replaced : delta.replacedDeleteFiles()) {
      rows.removeDeletes(replaced);
    }
    for (DataFile removed : delta.removedDataFiles()) {
      rows.removeRows(removed);
    }
    // The delta was looked up in exactly the snapshot that it is staged on, and the pointer moves
    // from there or not at all; these say so once more, to Iceberg
    delta.baseSnapshotId().ifPresent(rows::validateFromSnapshot);
    rows.validateDataFilesExist(delta.referencedDataFiles());
    rows.validateDeletedFiles();
    rows.validateNoConflictingDataFiles();
    rows.validateNoConflictingDeleteFiles();
    finish(rows, guard, summary);
    return true;
  }

  private static <T> void finish(
      SnapshotUpdate<T> update, AncestryGuard guard, Map<String, String> summary) {
    summary.forEach(update::set);
    update.validateWith(guard);
    update.commit();
  }
}
