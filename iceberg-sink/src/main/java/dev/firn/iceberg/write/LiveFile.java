package dev.firn.iceberg.write;

import java.util.ArrayList;
import java.util.List;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.deletes.Deletes;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.io.CloseableIterable;
import org.jspecify.annotations.Nullable;

/**
 * A data file that holds rows of the table, and which of them are dead. Either committed, or
 * written in this checkpoint, or still being written. Not thread-safe.
 */
final class LiveFile {
  private final int ordinal;
  private @Nullable DataFile file;
  private boolean committed;
  private boolean gone;
  private List<DeleteFile> deleteFiles = List.of();
  private @Nullable PositionDeleteIndex dead;
  private @Nullable PositionDeleteIndex deadNow;

  private LiveFile(int ordinal) {
    this.ordinal = ordinal;
  }

  /** A file that is being written. */
  static LiveFile opened(int ordinal) {
    return new LiveFile(ordinal);
  }

  /** A file of the table's current snapshot; {@link #followDeletes} says which rows are dead. */
  static LiveFile committed(int ordinal, DataFile file) {
    LiveFile live = new LiveFile(ordinal);
    live.file = file;
    live.committed = true;
    return live;
  }

  static PositionDeleteIndex noPositions() {
    return Deletes.toPositionIndex(CloseableIterable.empty());
  }

  int ordinal() {
    return ordinal;
  }

  /** The file is complete in storage. */
  void finish(DataFile written) {
    file = written;
  }

  boolean isFinished() {
    return file != null;
  }

  DataFile file() {
    if (file == null) {
      throw new IllegalStateException("file " + ordinal + " is still being written");
    }
    return file;
  }

  boolean isCommitted() {
    return committed;
  }

  /** The table no longer has the file. */
  void remove() {
    gone = true;
    dead = null;
    deadNow = null;
  }

  /** The delete files of the base snapshot that apply to the file. */
  List<DeleteFile> deleteFiles() {
    return deleteFiles;
  }

  boolean isLive(long position) {
    return !gone && (dead == null || !dead.isDeleted(position));
  }

  /** Marks a row dead within this checkpoint; false where it was not live. */
  boolean kill(long position) {
    if (!isLive(position)) {
      return false;
    }
    if (dead == null) {
      dead = noPositions();
    }
    if (deadNow == null) {
      deadNow = noPositions();
    }
    dead.delete(position);
    deadNow.delete(position);
    return true;
  }

  /** All dead rows, those of this checkpoint too; null for none. */
  @Nullable PositionDeleteIndex dead() {
    return dead;
  }

  /** The rows that died within this checkpoint; null for none. */
  @Nullable PositionDeleteIndex deadNow() {
    return deadNow;
  }

  boolean isAllDead() {
    return file != null && dead != null && dead.cardinality() == file.recordCount();
  }

  /** Takes over what the delete files of a newer snapshot say; what died now stays dead. */
  void followDeletes(List<DeleteFile> newer, PositionDeleteIndex theirs) {
    PositionDeleteIndex all = noPositions();
    all.merge(theirs);
    if (deadNow != null) {
      all.merge(deadNow);
    }
    dead = all.isEmpty() ? null : all;
    deleteFiles = List.copyOf(newer);
  }

  /**
   * The checkpoint is committed.
   *
   * @param added the delete files that it added for this file
   * @param replaced the ones that it removed
   */
  void commit(List<DeleteFile> added, List<DeleteFile> replaced) {
    committed = true;
    file = file().copyWithoutStats();
    if (!added.isEmpty()) {
      List<DeleteFile> now = new ArrayList<>(deleteFiles);
      now.removeIf(old -> replaced.stream().anyMatch(gone -> same(old, gone)));
      now.addAll(added);
      deleteFiles = List.copyOf(now);
    }
    deadNow = null;
  }

  /** Whether these delete files are the ones that apply to the file. */
  boolean hasDeleteFiles(List<DeleteFile> others) {
    return deleteFiles.size() == others.size()
        && others.stream()
            .allMatch(other -> deleteFiles.stream().anyMatch(own -> same(own, other)));
  }

  /** Whether two descriptions are of one delete file: several vectors may lie in one file. */
  static boolean same(DeleteFile one, DeleteFile other) {
    return one.location().equals(other.location())
        && java.util.Objects.equals(one.contentOffset(), other.contentOffset());
  }
}
