package dev.firn.iceberg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.position.Frontier;
import dev.firn.change.position.PostgresPosition;
import dev.firn.change.position.PostgresTransaction;
import dev.firn.change.position.TransactionSnapshot;
import dev.firn.change.row.RowBuilder;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.CatalogConfig;
import dev.firn.config.ReplicateConfig;
import dev.firn.config.TableSettings;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import dev.firn.iceberg.control.ControlTable;
import dev.firn.iceberg.maintenance.Retention;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A replica does not grow with the number of its checkpoints. */
final class BoundedGrowthIT {
  private static final int KEYS = 8;
  private static final TableSchema UPDATED = table("updated", 1);
  private static final TableSchema INSERTED = table("inserted", 2);

  @TempDir Path folder;

  private record Size(int snapshots, int manifests, long metadataBytes) {}

  private static TableSchema table(String name, long id) {
    return new TableSchema(
        new TableId("public", name),
        id,
        List.of(
            new Column(1, "id", ColumnType.Simple.INT64, false, "bigint"),
            new Column(2, "value", ColumnType.Simple.INT64, true, "bigint")),
        List.of(0));
  }

  @Test
  void fiveHundredCheckpointsLeaveMetadataAsSmallAsTwoHundred() throws Exception {
    ReplicaLimits limits =
        new ReplicaLimits(
            Duration.ofMinutes(1),
            Duration.ofMinutes(1),
            new Retention(Duration.ZERO, 10, 20),
            new Retention(Duration.ZERO, 10, 20));
    ReplicateConfig config =
        new ReplicateConfig(
            List.of("spark"),
            3,
            new ReplicateConfig.Checkpoint(Duration.ofHours(1), 2, Long.MAX_VALUE));
    TableSettings settings = new TableSettings(Optional.empty(), List.of(), List.of());
    RowBuilder row = new RowBuilder();
    try (Warehouse warehouse = new Warehouse(folder)) {
      CatalogConfig catalog = warehouse.sqlite("bounded");
      try (IcebergReplica replica =
          IcebergReplica.open(catalog, config, limits, event -> {}, Clock.systemUTC())) {
        for (TableSchema table : List.of(UPDATED, INSERTED)) {
          replica.ensureTable(table, settings);
        }
        replica.attach("system", PostgresPosition.at(1, 0));
        for (TableSchema table : List.of(UPDATED, INSERTED)) {
          try (TableLoad load = replica.beginLoad(table)) {
            load.commit(
                new Frontier.LoadedAt(TransactionSnapshot.parse("1:1:")),
                PostgresPosition.at(1, 0));
          }
        }
        Size updatedAt200 = null;
        Size controlAt200 = null;
        int filesAt200 = 0;
        for (int i = 1; i <= 500; i++) {
          replica.begin(new PostgresTransaction(i, OptionalLong.empty()));
          row.begin(2);
          row.setLong(0, i % KEYS);
          row.setLong(1, i);
          var changed = row.build();
          if (i <= KEYS) {
            replica.insert(UPDATED, changed);
          } else {
            replica.update(UPDATED, changed, changed);
          }
          row.begin(2);
          row.setLong(0, i);
          row.setLong(1, i);
          replica.insert(INSERTED, row.build());
          replica.commit(PostgresPosition.at(10 + i, i), i);
          if (i == 200) {
            updatedAt200 = size(catalog, TableIdentifier.of("public", "updated"));
            controlAt200 = size(catalog, ControlTable.ID);
            filesAt200 = warehouse.files().size();
          }
        }
        Size updated = size(catalog, TableIdentifier.of("public", "updated"));
        Size inserted = size(catalog, TableIdentifier.of("public", "inserted"));
        Size control = size(catalog, ControlTable.ID);
        for (Size size : List.of(updated, inserted, control)) {
          assertThat(size.snapshots()).isLessThanOrEqualTo(10 + 20 + 3);
          assertThat(size.manifests()).isLessThanOrEqualTo(110);
        }
        assertThat(updated.metadataBytes())
            .isLessThanOrEqualTo(updatedAt200.metadataBytes() * 5 / 4 + 20_000);
        assertThat(control.metadataBytes())
            .isLessThanOrEqualTo(controlAt200.metadataBytes() * 5 / 4 + 20_000);
        // one data file of the inserted rows comes with each checkpoint, until they are compacted
        assertThat(warehouse.files()).hasSizeLessThanOrEqualTo(filesAt200 + 300 + 200);
        try (ReplicaCatalog fresh = ReplicaCatalog.open(catalog)) {
          assertThat(
                  Warehouse.rows(
                      fresh.catalog().loadTable(TableIdentifier.of("public", "updated"))))
              .hasSize(KEYS);
          assertThat(
                  Warehouse.rows(
                      fresh.catalog().loadTable(TableIdentifier.of("public", "inserted"))))
              .hasSize(500);
        }
      }
    }
  }

  private static Size size(CatalogConfig catalog, TableIdentifier id) {
    try (ReplicaCatalog fresh = ReplicaCatalog.open(catalog)) {
      Table table = fresh.catalog().loadTable(id);
      int snapshots = 0;
      for (var ignored : table.snapshots()) {
        snapshots++;
      }
      String location = ((HasTableOperations) table).operations().current().metadataFileLocation();
      return new Size(
          snapshots,
          table.currentSnapshot().allManifests(table.io()).size(),
          table.io().newInputFile(location).getLength());
    }
  }
}
