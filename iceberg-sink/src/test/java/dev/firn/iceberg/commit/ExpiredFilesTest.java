package dev.firn.iceberg.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.iceberg.Warehouse;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.deletes.BaseDVFileWriter;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ExpiredFilesTest {
  private static final TableIdentifier ID = TableIdentifier.of("public", "t");
  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.LongType.get()),
          Types.NestedField.optional(2, "value", Types.LongType.get()));

  @TempDir Path folder;

  @Test
  void aFileOfDeletionVectorsStaysUntilTheLastOfThemIsReplaced() throws Exception {
    try (Warehouse warehouse = new Warehouse(folder);
        ReplicaCatalog catalog = ReplicaCatalog.open(warehouse.sqlite("expired"))) {
      catalog.ensureNamespace(Namespace.of("public"));
      Table table =
          catalog
              .catalog()
              .createTable(
                  ID, SCHEMA, PartitionSpec.unpartitioned(), Map.of("format-version", "3"));
      DataFile a = Warehouse.dataFile(table, 1, 1, 2, 2, 3, 3);
      DataFile b = Warehouse.dataFile(table, 4, 4, 5, 5, 6, 6);
      table.newAppend().appendFile(a).appendFile(b).commit();

      List<DeleteFile> shared = vectors(table, 1, a, b);
      assertThat(shared).extracting(DeleteFile::location).containsOnly(location(shared));
      table.newRowDelta().addDeletes(shared.get(0)).addDeletes(shared.get(1)).commit();
      replace(table, a, shared);
      expireAllButTheNewest(catalog, table);

      assertThat(warehouse.files()).contains(location(shared)).containsAll(referenced(table));
      assertThat(Warehouse.rows(table)).containsExactly("3=3", "5=5", "6=6");

      replace(table, b, shared);
      expireAllButTheNewest(catalog, table);

      assertThat(warehouse.files()).doesNotContain(location(shared)).containsAll(referenced(table));
      assertThat(Warehouse.rows(table)).containsExactly("3=3", "6=6");
    }
  }

  /** One Puffin file in which the first rows of each data file are dead. */
  private static List<DeleteFile> vectors(Table table, int dead, DataFile... files)
      throws Exception {
    OutputFileFactory names =
        OutputFileFactory.builderFor(table, 1, 1).format(FileFormat.PUFFIN).build();
    BaseDVFileWriter writer = new BaseDVFileWriter(names, path -> null);
    try (writer) {
      for (DataFile file : files) {
        for (int position = 0; position < dead; position++) {
          writer.delete(file.location(), position, table.spec(), null);
        }
      }
    }
    return writer.result().deleteFiles();
  }

  private static void replace(Table table, DataFile file, List<DeleteFile> former)
      throws Exception {
    DeleteFile old =
        former.stream()
            .filter(vector -> file.location().equals(vector.referencedDataFile()))
            .findFirst()
            .orElseThrow();
    table
        .newRowDelta()
        .validateFromSnapshot(table.currentSnapshot().snapshotId())
        .removeDeletes(old)
        .addDeletes(vectors(table, 2, file).getFirst())
        .commit();
  }

  private static void expireAllButTheNewest(ReplicaCatalog catalog, Table table) {
    table.newFastAppend().commit();
    KnownTable.load(catalog, ID).orElseThrow().expireSnapshots(Long.MAX_VALUE, 1);
    table.refresh();
  }

  private static String location(List<DeleteFile> vectors) {
    return vectors.getFirst().location();
  }

  /** But for the metadata files, of which the catalog's own clean-up keeps what it likes. */
  private static Set<String> referenced(Table table) throws Exception {
    Set<String> files = new HashSet<>(Warehouse.referenced(table));
    files.removeIf(file -> file.endsWith(".metadata.json"));
    return files;
  }
}
