package dev.firn.iceberg.write;

import dev.firn.change.PipelineEvent.TableWritten;
import java.util.List;
import java.util.Set;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;

/**
 * What one checkpoint changes in one table, all of it written and uploaded, none of it committed.
 *
 * @param baseSnapshotId the snapshot against which the deletes were looked up; empty for a table
 *     without one
 * @param addedDataFiles new data files
 * @param addedDeleteFiles new deletion vectors (v3) or position-delete files (v2)
 * @param replacedDeleteFiles delete files of the base snapshot that the added ones contain, to be
 *     removed in the same commit
 * @param removedDataFiles data files of the base snapshot that go as a whole (after TRUNCATE, or
 *     with no live row left)
 * @param referencedDataFiles locations of the base snapshot's data files that the added deletes
 *     point into; the commit validates that they still exist
 * @param written what happened, for meters and logs
 */
public record TableDelta(
    java.util.OptionalLong baseSnapshotId,
    List<DataFile> addedDataFiles,
    List<DeleteFile> addedDeleteFiles,
    List<DeleteFile> replacedDeleteFiles,
    List<DataFile> removedDataFiles,
    Set<String> referencedDataFiles,
    TableWritten written) {
  public TableDelta {
    addedDataFiles = List.copyOf(addedDataFiles);
    addedDeleteFiles = List.copyOf(addedDeleteFiles);
    replacedDeleteFiles = List.copyOf(replacedDeleteFiles);
    removedDataFiles = List.copyOf(removedDataFiles);
    referencedDataFiles = Set.copyOf(referencedDataFiles);
  }

  /** Whether there is nothing to commit. */
  public boolean isEmpty() {
    return addedDataFiles.isEmpty() && addedDeleteFiles.isEmpty() && removedDataFiles.isEmpty();
  }
}
