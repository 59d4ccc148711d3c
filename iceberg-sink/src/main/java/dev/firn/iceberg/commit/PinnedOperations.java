package dev.firn.iceberg.commit;

import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.encryption.EncryptionManager;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.LocationProvider;

/**
 * A table as it is at one metadata, which does not follow the catalog and commits nothing. Iceberg
 * stages changes against it; what it deletes in its own clean-up is only noted by the transaction.
 */
final class PinnedOperations implements TableOperations {
  private final TableOperations real;
  private final TableOperations configured;
  private final TableMetadata metadata;
  private final FileIO io;

  PinnedOperations(TableOperations real, TableMetadata metadata, FileIO io) {
    this.real = real;
    this.configured = real.temp(metadata);
    this.metadata = metadata;
    this.io = io;
  }

  @Override
  public TableMetadata current() {
    return metadata;
  }

  @Override
  public TableMetadata refresh() {
    return metadata;
  }

  @Override
  public void commit(TableMetadata base, TableMetadata updated) {
    throw new UnsupportedOperationException("tables of a replica are committed by checkpoints");
  }

  @Override
  public FileIO io() {
    return io;
  }

  @Override
  public EncryptionManager encryption() {
    return configured.encryption();
  }

  @Override
  public String metadataFileLocation(String fileName) {
    return configured.metadataFileLocation(fileName);
  }

  @Override
  public LocationProvider locationProvider() {
    return configured.locationProvider();
  }

  @Override
  public TableOperations temp(TableMetadata uncommitted) {
    return new PinnedOperations(real, uncommitted, io);
  }

  @Override
  public long newSnapshotId() {
    return real.newSnapshotId();
  }
}
