package dev.firn.iceberg;

import dev.firn.config.CatalogConfig;
import dev.firn.config.Secret;
import dev.firn.testing.LocalS3;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.data.parquet.GenericParquetWriter;
import org.apache.iceberg.deletes.BaseDVFileWriter;
import org.apache.iceberg.deletes.PositionDelete;
import org.apache.iceberg.deletes.PositionDeleteWriter;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.parquet.Parquet;

/** A bucket on disk with a catalog beside it, and files of rows (id, value) made by hand. */
public final class Warehouse implements AutoCloseable {
  private final Path folder;
  private final LocalS3 s3;

  public Warehouse(Path folder) throws IOException {
    this(folder, 0);
  }

  /** One whose bucket's server listens there, 0 for any free port. */
  public Warehouse(Path folder, int port) throws IOException {
    this.folder = folder;
    this.s3 = LocalS3.start(folder.resolve("s3"), port, "lake");
  }

  public Map<String, Secret> properties() {
    Map<String, Secret> properties = new HashMap<>();
    s3.fileIoProperties().forEach((name, value) -> properties.put(name, Secret.of(value)));
    return properties;
  }

  /** A JDBC catalog on a SQLite file, reached through faulty connections of that name. */
  public CatalogConfig sqlite(String faults) {
    return config(
        CatalogConfig.Type.JDBC, "", FaultyDriver.url(faults, "jdbc:sqlite:" + sqliteFile()));
  }

  /** The same catalog as one whose tables can be committed only one after another. */
  public CatalogConfig oneByOne() {
    return config(
        CatalogConfig.Type.CLASS,
        "org.apache.iceberg.jdbc.JdbcCatalog",
        "jdbc:sqlite:" + sqliteFile());
  }

  public Path sqliteFile() {
    return folder.resolve("catalog.db");
  }

  public CatalogConfig config(CatalogConfig.Type type, String implementation, String uri) {
    return new CatalogConfig(type, implementation, "firn", uri, "s3://lake/replica", properties());
  }

  /** The files in the bucket. */
  public Set<String> files() throws IOException {
    Path bucket = folder.resolve("s3/lake");
    try (Stream<Path> paths = Files.walk(bucket)) {
      Set<String> files = new TreeSet<>();
      paths
          .filter(Files::isRegularFile)
          .forEach(path -> files.add("s3://lake/" + bucket.relativize(path)));
      return files;
    }
  }

  /** The files that a table refers to, by any of its snapshots and by its metadata log. */
  public static Set<String> referenced(Table table) throws IOException {
    Set<String> files = new HashSet<>();
    TableMetadata metadata = ((HasTableOperations) table).operations().current();
    files.add(metadata.metadataFileLocation());
    metadata.previousFiles().forEach(entry -> files.add(entry.file()));
    for (Snapshot snapshot : table.snapshots()) {
      files.add(snapshot.manifestListLocation());
      for (ManifestFile manifest : snapshot.allManifests(table.io())) {
        files.add(manifest.path());
      }
      try (CloseableIterable<FileScanTask> tasks =
          table.newScan().useSnapshot(snapshot.snapshotId()).planFiles()) {
        for (FileScanTask task : tasks) {
          files.add(task.file().location());
          task.deletes().forEach(delete -> files.add(delete.location()));
        }
      }
    }
    return files;
  }

  /** A data file with these (id, value) rows, in their order. */
  public static DataFile dataFile(Table table, long... idsAndValues) throws IOException {
    String location = table.locationProvider().newDataLocation(UUID.randomUUID() + ".parquet");
    try (DataWriter<Record> writer =
        Parquet.writeData(table.io().newOutputFile(location))
            .schema(table.schema())
            .withSpec(table.spec())
            .createWriterFunc(GenericParquetWriter::create)
            .build()) {
      for (int i = 0; i < idsAndValues.length; i += 2) {
        GenericRecord row = GenericRecord.create(table.schema());
        row.set(0, idsAndValues[i]);
        row.set(1, idsAndValues[i + 1]);
        writer.write(row);
      }
      writer.close();
      return writer.toDataFile();
    }
  }

  /** A deletion vector or position delete file, by the table's format, for one row of a file. */
  public static DeleteFile delete(Table table, String dataFile, long position) throws IOException {
    int version = ((HasTableOperations) table).operations().current().formatVersion();
    if (version >= 3) {
      OutputFileFactory files =
          OutputFileFactory.builderFor(table, 1, 1)
              .format(org.apache.iceberg.FileFormat.PUFFIN)
              .build();
      BaseDVFileWriter writer = new BaseDVFileWriter(files, path -> null);
      writer.delete(dataFile, position, table.spec(), null);
      writer.close();
      return writer.result().deleteFiles().getFirst();
    }
    String location = table.locationProvider().newDataLocation(UUID.randomUUID() + ".parquet");
    PositionDeleteWriter<Record> writer =
        Parquet.writeDeletes(table.io().newOutputFile(location))
            .withSpec(table.spec())
            .buildPositionWriter();
    writer.write(PositionDelete.<Record>create().set(dataFile, position));
    writer.close();
    return writer.toDeleteFile();
  }

  /** Where the row with this id is, in the table's current snapshot, by a scan of all files. */
  public static RowPlace find(Table table, long id) throws IOException {
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      for (FileScanTask task : tasks) {
        try (CloseableIterable<Record> rows =
            Parquet.read(table.io().newInputFile(task.file().location()))
                .project(table.schema())
                .createReaderFunc(schema ->
                    org.apache.iceberg.data.parquet.GenericParquetReaders.buildReader(
                        table.schema(), schema))
                .build()) {
          long position = 0;
          for (Record row : rows) {
            if (row.get(0, Long.class) == id) {
              return new RowPlace(task.file().location(), position);
            }
            position++;
          }
        }
      }
    }
    throw new IllegalArgumentException("no row " + id + " in " + table.name());
  }

  /** A row's file and its position there. */
  public record RowPlace(String file, long position) {}

  /** The table's rows as "id=value", sorted. */
  public static List<String> rows(Table table) throws IOException {
    List<String> rows = new ArrayList<>();
    try (CloseableIterable<Record> records = IcebergGenerics.read(table).build()) {
      records.forEach(row -> rows.add(row.get(0) + "=" + row.get(1)));
    }
    rows.sort(Comparator.naturalOrder());
    return rows;
  }

  /** From here on the bucket's server does not answer. */
  public void stopBucket() throws IOException {
    s3.close();
  }

  @Override
  public void close() throws IOException {
    s3.close();
  }
}
