package dev.firn.iceberg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.PipelineEvent;
import dev.firn.change.position.Frontier;
import dev.firn.change.position.PostgresPosition;
import dev.firn.change.position.PostgresTransaction;
import dev.firn.change.position.TransactionSnapshot;
import dev.firn.change.row.Row;
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
import dev.firn.iceberg.control.Tenure;
import dev.firn.iceberg.maintenance.Retention;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.catalog.TableIdentifier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A replica does not grow with the number of its checkpoints: one table whose few rows are updated
 * again and again, one that only grows, and the control table. The system property {@code
 * firn.checkpoints} chooses how many; what each thousand took is written to {@code
 * target/many-checkpoints.txt}.
 */
final class ManyCheckpointsIT {
  private static final Path REPORT = Path.of("target", "many-checkpoints.txt");
  private static final int CHECKPOINTS = Integer.getInteger("firn.checkpoints", 250);
  private static final int REPORT_EVERY = 1_000;
  private static final int KEYS = 64;
  private static final int UPDATES = 3;
  private static final int LEAST = Math.min(300, CHECKPOINTS / 10);
  private static final int BATCH = 20;

  /** Expiry goes round the tables, one after each checkpoint. */
  private static final int MOST_SNAPSHOTS = LEAST + BATCH + 3;

  /** Twenty small manifests are merged into one; data and deletes have theirs apart. */
  private static final int MOST_MANIFESTS = 50;

  /** What a snapshot removes is deleted when that snapshot expires. */
  private static final int MOST_REMOVED_AT_ONCE = 2 * UPDATES;

  /** What a snapshot may take in a metadata file; its summary is the most of it. */
  private static final int SNAPSHOT_BYTES = 2_500;

  private static final int PREVIOUS_METADATA_BYTES = 250;
  private static final int SCHEMA_BYTES = 30_000;

  private static final TableSchema UPDATED = table("updated", 1);
  private static final TableSchema INSERTED = table("inserted", 2);
  private static final List<TableIdentifier> TABLES =
      List.of(
          TableIdentifier.of("public", "updated"),
          TableIdentifier.of("public", "inserted"),
          ControlTable.ID);

  @TempDir Path folder;
  private Warehouse warehouse;
  private CatalogConfig catalog;
  private final List<Long> tookNanos = new ArrayList<>();
  private final RowBuilder builder = new RowBuilder();

  @BeforeEach
  void start() throws Exception {
    warehouse = new Warehouse(folder);
    catalog = warehouse.sqlite("many");
  }

  @AfterEach
  void stop() throws Exception {
    warehouse.close();
  }

  @Test
  void checkpointsLeaveNothingBehindThatGrowsWithTheirNumber() throws Exception {
    Retention retention = new Retention(Duration.ZERO, LEAST, BATCH);
    ReplicaLimits limits =
        new ReplicaLimits(
            Duration.ofMinutes(1),
            Duration.ofMinutes(1),
            Duration.ofMinutes(1),
            retention,
            retention);
    ReplicateConfig config =
        new ReplicateConfig(
            List.of("spark"),
            3,
            new ReplicateConfig.Checkpoint(Duration.ofHours(1), UPDATES + 1, Long.MAX_VALUE),
            ReplicateConfig.DEFAULT_MAX_ROW_BYTES);
    try (IcebergReplica replica =
        IcebergReplica.open(catalog, config, limits, this::on, Clock.systemUTC(), new Tenure())) {
      load(replica);
      for (int n = 1; n <= CHECKPOINTS; n++) {
        checkpoint(replica, n);
        if (n % REPORT_EVERY == 0) {
          report(n);
        }
      }
    }
    assertThat(tookNanos).hasSize(CHECKPOINTS);

    Set<String> referenced = new TreeSet<>();
    try (ReplicaCatalog fresh = ReplicaCatalog.open(catalog)) {
      for (TableIdentifier id : TABLES) {
        Table table = fresh.catalog().loadTable(id);
        assertBounded(table);
        referenced.addAll(Warehouse.referenced(table));
      }
      assertThat(Warehouse.rows(fresh.catalog().loadTable(TABLES.getFirst()))).hasSize(KEYS);
      assertThat(Warehouse.rows(fresh.catalog().loadTable(TABLES.get(1)))).hasSize(CHECKPOINTS);
    }
    Set<String> files = warehouse.files();
    assertThat(files).containsAll(referenced);
    Set<String> unreferenced = new TreeSet<>(files);
    unreferenced.removeAll(referenced);
    assertThat(unreferenced).hasSizeLessThanOrEqualTo(MOST_REMOVED_AT_ONCE);
  }

  private void on(PipelineEvent event) {
    if (event instanceof PipelineEvent.Checkpointed done) {
      tookNanos.add(done.took().toNanos());
    }
  }

  private static TableSchema table(String name, long id) {
    return new TableSchema(
        new TableId("public", name),
        id,
        9,
        List.of(
            new Column(1, "id", ColumnType.Simple.INT64, false, "bigint"),
            new Column(2, "value", ColumnType.Simple.INT64, true, "bigint")),
        List.of(0));
  }

  private Row row(long id, long value) {
    builder.begin(2);
    builder.setLong(0, id);
    builder.setLong(1, value);
    return builder.build();
  }

  private void load(IcebergReplica replica) throws InterruptedException {
    TableSettings settings = new TableSettings(Optional.empty(), List.of(), List.of());
    PostgresPosition origin = PostgresPosition.at(1, 0);
    replica.ensureTable(UPDATED, settings);
    replica.ensureTable(INSERTED, settings);
    replica.attach("system", origin);
    Frontier frontier = new Frontier.LoadedAt(TransactionSnapshot.parse("1:1:"));
    try (TableLoad load = replica.beginLoad(UPDATED)) {
      for (int key = 0; key < KEYS; key++) {
        load.row(row(key, 0));
      }
      load.commit(frontier, origin);
    }
    try (TableLoad load = replica.beginLoad(INSERTED)) {
      load.commit(frontier, origin);
    }
  }

  /** One transaction that touches both tables, and with it one checkpoint. */
  private void checkpoint(IcebergReplica replica, int n) throws InterruptedException {
    replica.begin(new PostgresTransaction(n, OptionalLong.empty()));
    for (int i = 0; i < UPDATES; i++) {
      Row changed = row((n * 7L + i) % KEYS, n);
      replica.update(UPDATED, changed, changed);
    }
    replica.insert(INSERTED, row(n, n));
    replica.commit(PostgresPosition.at(10 + n, n), n);
  }

  private static void assertBounded(Table table) {
    TableMetadata metadata = ((HasTableOperations) table).operations().current();
    assertThat(metadata.snapshots()).as(table.name()).hasSizeLessThanOrEqualTo(MOST_SNAPSHOTS);
    assertThat(metadata.snapshotLog()).as(table.name()).hasSizeLessThanOrEqualTo(MOST_SNAPSHOTS);
    assertThat(metadata.previousFiles()).as(table.name()).hasSizeLessThanOrEqualTo(100);
    assertThat(table.currentSnapshot().allManifests(table.io()))
        .as(table.name())
        .hasSizeLessThanOrEqualTo(MOST_MANIFESTS);
    assertThat(table.io().newInputFile(metadata.metadataFileLocation()).getLength())
        .as(table.name())
        .isLessThanOrEqualTo(
            SCHEMA_BYTES
                + (long) MOST_SNAPSHOTS * SNAPSHOT_BYTES
                + (long) metadata.previousFiles().size() * PREVIOUS_METADATA_BYTES);
  }

  private void report(int n) throws Exception {
    LongStream last = tookNanos.subList(n - REPORT_EVERY, n).stream().mapToLong(Long::longValue);
    long[] sorted = last.sorted().toArray();
    TreeMap<String, String> sizes = new TreeMap<>();
    try (ReplicaCatalog fresh = ReplicaCatalog.open(catalog)) {
      for (TableIdentifier id : TABLES) {
        Table table = fresh.catalog().loadTable(id);
        TableMetadata metadata = ((HasTableOperations) table).operations().current();
        sizes.put(
            id.name(),
            metadata.snapshots().size()
                + " snapshots, "
                + table.currentSnapshot().allManifests(table.io()).size()
                + " manifests, metadata of "
                + table.io().newInputFile(metadata.metadataFileLocation()).getLength()
                + " bytes");
      }
    }
    Files.writeString(
        REPORT,
        "checkpoint "
            + n
            + ": commit p50 "
            + sorted[sorted.length / 2] / 1_000_000
            + " ms, p99 "
            + sorted[sorted.length * 99 / 100] / 1_000_000
            + " ms; "
            + warehouse.files().size()
            + " files; "
            + sizes
            + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
