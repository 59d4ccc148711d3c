package dev.firn.e2e.daemon;

import dev.firn.e2e.reader.ReplicaCatalog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.ManifestFiles;
import org.apache.iceberg.ManifestReader;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.jdbc.JdbcCatalog;

/** What the metadata of a replica's table says, by Iceberg's own library. */
final class ReplicaMetadata {
  private ReplicaMetadata() {}

  /**
   * A delete file.
   *
   * @param content what its rows are
   * @param format Puffin for deletion vectors
   */
  record Deletes(FileContent content, FileFormat format) {}

  /** The tables that the catalog has in a namespace. */
  static List<String> tables(ReplicaCatalog catalog, String schema) {
    try (JdbcCatalog iceberg = open(catalog)) {
      return iceberg.listTables(Namespace.of(schema)).stream().map(TableIdentifier::name).toList();
    }
  }

  /** The delete files in all manifests of all snapshots that the table still has. */
  static List<Deletes> deleteFiles(ReplicaCatalog catalog, String schema, String name)
      throws IOException {
    try (JdbcCatalog iceberg = open(catalog)) {
      Table table = iceberg.loadTable(TableIdentifier.of(schema, name));
      List<Deletes> found = new ArrayList<>();
      for (Snapshot snapshot : table.snapshots()) {
        for (ManifestFile manifest : snapshot.deleteManifests(table.io())) {
          try (ManifestReader<DeleteFile> files =
              ManifestFiles.readDeleteManifest(manifest, table.io(), table.specs())) {
            files.forEach(file -> found.add(new Deletes(file.content(), file.format())));
          }
        }
      }
      return found;
    }
  }

  private static JdbcCatalog open(ReplicaCatalog catalog) {
    JdbcCatalog iceberg = new JdbcCatalog();
    iceberg.initialize(catalog.name(), catalog.icebergProperties());
    return iceberg;
  }
}
