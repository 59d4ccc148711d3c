package dev.firn.iceberg.commit;

import java.util.Optional;
import org.apache.iceberg.TableMetadata;

/**
 * One table's share of a commit: its next metadata, with every file that it refers to written, and
 * no pointer moved.
 *
 * @param table the table
 * @param base the metadata it was staged on
 * @param staged the next metadata, with its changes since the base
 * @param snapshotId the snapshot that it adds
 * @param mayHaveSpareFiles whether files were written for it that it does not refer to (merged
 *     manifests)
 * @param metadataLocation where the metadata file was written; empty where the catalog writes it
 */
record StagedTable(
    KnownTable table,
    TableMetadata base,
    TableMetadata staged,
    long snapshotId,
    boolean mayHaveSpareFiles,
    Optional<String> metadataLocation) {}
