package dev.firn.iceberg.write;

import dev.firn.change.table.TableSchema;
import dev.firn.config.TableSettings;
import dev.firn.iceberg.schema.IcebergTables;
import dev.firn.iceberg.schema.TableDescription;
import dev.firn.testing.LocalS3;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.CatalogProperties;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.jdbc.JdbcCatalog;

/** A bucket and a catalog, with tables made as Firn makes them and read by Iceberg's own reader. */
final class TestLake implements AutoCloseable {
  private final LocalS3 s3;
  private final JdbcCatalog catalog = new JdbcCatalog();

  TestLake(Path folder) throws IOException {
    s3 = LocalS3.start(folder.resolve("s3"), 0, "lake");
    Map<String, String> properties = new HashMap<>(s3.fileIoProperties());
    properties.put(CatalogProperties.URI, "jdbc:sqlite:" + folder.resolve("catalog.db"));
    properties.put(CatalogProperties.WAREHOUSE_LOCATION, "s3://lake/warehouse");
    properties.put(CatalogProperties.FILE_IO_IMPL, "org.apache.iceberg.aws.s3.S3FileIO");
    catalog.initialize("test", properties);
  }

  Table create(TableSchema schema, TableSettings settings, int formatVersion) {
    TableDescription description = IcebergTables.describe(schema, settings, formatVersion);
    TableIdentifier id = IcebergTables.identifier(schema.id());
    try {
      catalog.createNamespace(Namespace.of(schema.id().schema()));
    } catch (AlreadyExistsException e) {
      // a former table made it
    }
    return catalog
        .buildTable(id, description.schema())
        .withPartitionSpec(description.spec())
        .withSortOrder(description.sortOrder())
        .withProperties(description.properties())
        .create();
  }

  Table load(TableSchema schema) {
    return catalog.loadTable(IcebergTables.identifier(schema.id()));
  }

  /** Commits a delta as the replica does, and gives the table behind it. */
  static void commit(Table table, TableDelta delta) {
    RowDelta commit = table.newRowDelta();
    delta.addedDataFiles().forEach(commit::addRows);
    delta.addedDeleteFiles().forEach(commit::addDeletes);
    delta.replacedDeleteFiles().forEach(commit::removeDeletes);
    delta.removedDataFiles().forEach(commit::removeRows);
    delta.baseSnapshotId().ifPresent(commit::validateFromSnapshot);
    commit.validateDataFilesExist(delta.referencedDataFiles());
    commit.validateDeletedFiles();
    commit.commit();
  }

  static List<Record> read(Table table) throws IOException {
    table.refresh();
    try (CloseableIterable<Record> records = IcebergGenerics.read(table).build()) {
      List<Record> all = new ArrayList<>();
      records.forEach(all::add);
      return all;
    }
  }

  @Override
  public void close() throws IOException {
    catalog.close();
    s3.close();
  }
}
