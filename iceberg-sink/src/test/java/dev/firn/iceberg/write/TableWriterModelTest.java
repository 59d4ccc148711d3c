package dev.firn.iceberg.write;

import static dev.firn.iceberg.write.TestRows.UNCHANGED;
import static dev.firn.iceberg.write.TestRows.column;
import static dev.firn.iceberg.write.TestRows.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.row.Row;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Simple;
import dev.firn.change.table.TableSchema;
import dev.firn.config.PartitionField;
import dev.firn.config.PartitionField.Transform;
import dev.firn.config.SortField;
import dev.firn.config.TableSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.ContentFile;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.ManifestFiles;
import org.apache.iceberg.ManifestReader;
import org.apache.iceberg.RewriteFiles;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.data.parquet.GenericParquetWriter;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.parquet.Parquet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random changes against a plain map: after every commit the table holds what the map holds. */
final class TableWriterModelTest {
  private static final TableSchema LONG_KEY =
      TestRows.table(
          "long_key",
          List.of(0),
          column(1, "id", Simple.INT64, false),
          column(2, "status", Simple.TEXT, true),
          column(4, "body", Simple.TEXT, true),
          column(5, "amount", new ColumnType.Decimal(30, 4), true),
          column(6, "at", Simple.TIMESTAMP, false),
          column(7, "tags", new ColumnType.Array(Simple.TEXT), true));

  private static final TableSchema TEXT_KEY =
      TestRows.table(
          "text_key",
          List.of(1, 0),
          column(1, "region", Simple.INT32, false),
          column(2, "code", Simple.TEXT, false),
          column(3, "body", Simple.TEXT, true),
          column(4, "at", Simple.TIMESTAMP, false));

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "3, none, false, 1500, 1",
    "2, none, false, 1500, 2",
    "3, none, false, 3000, 3",
    "2, none, false, 3000, 4",
    "3, none, true, 100000000, 5",
    "2, none, true, 100000000, 6",
    "3, month, false, 3000, 7",
    "2, bucket, false, 3000, 8",
    "3, status, true, 3000, 9",
    "2, status, false, 100000000, 10",
  })
  void tableEqualsModelAfterEveryCommit(
      int version, String partition, boolean sorted, long pendingBytes, long seed)
      throws Exception {
    TableSettings settings =
        new TableSettings(
            Optional.empty(),
            switch (partition) {
              case "month" ->
                  List.of(new PartitionField(Transform.MONTH, "at", OptionalInt.empty()));
              case "bucket" ->
                  List.of(new PartitionField(Transform.BUCKET, "id", OptionalInt.of(3)));
              case "status" ->
                  List.of(new PartitionField(Transform.IDENTITY, "status", OptionalInt.empty()));
              default -> List.of();
            },
            sorted ? List.of(new SortField("status", true)) : List.of());
    run(LONG_KEY, settings, version, pendingBytes, seed);
  }

  @ParameterizedTest
  @CsvSource({"3, 600, 21", "2, 3000, 22"})
  void tableWithCompositeTextKeyEqualsModelAfterEveryCommit(
      int version, long pendingBytes, long seed) throws Exception {
    run(
        TEXT_KEY,
        new TableSettings(Optional.empty(), List.of(), List.of()),
        version,
        pendingBytes,
        seed);
  }

  private void run(
      TableSchema schema, TableSettings settings, int version, long pendingBytes, long seed)
      throws Exception {
    Random random = new Random(seed);
    try (TestLake lake = new TestLake(folder)) {
      Table table = lake.create(schema, settings, version);
      // by the seed no row is large, or many are
      long largeRowBytes = seed % 3 == 1 ? 90 : 8L << 20;
      WriteLimits limits = new WriteLimits(pendingBytes, 2, 2, largeRowBytes, 1L << 30);
      Map<List<Object>, Object[]> model = new HashMap<>();
      TableWriter writer = TableWriter.open(table, schema, limits);
      try {
        for (int i = 0; i < 40; i++) {
          Object[] values = values(schema, random, i);
          writer.load(row(schema, values));
          model.put(key(schema, values), values);
        }
        for (int checkpoint = 0; checkpoint < 8; checkpoint++) {
          int changes = random.nextInt(60);
          for (int i = 0; i < changes; i++) {
            change(writer, schema, model, random);
          }
          String context = "seed " + seed + " checkpoint " + checkpoint;
          TableDelta delta = writer.prepare();
          if (random.nextInt(3) == 0) {
            compact(table, random);
          }
          if (!delta.isEmpty()) {
            commit(writer, table, delta);
            table.refresh();
            writer.committed(table);
          }
          if (random.nextInt(4) == 0) {
            compact(table, random);
          }
          assertEqual(table, schema, model, context);
          assertNoEqualityDeletes(table);
          if (version == 3) {
            assertOneVectorAFile(table);
          }
          assertThat(writer.indexedKeys()).as(context).isEqualTo(model.size());
          if (random.nextInt(5) == 0) {
            writer.close();
            writer = TableWriter.open(lake.load(schema), schema, limits);
            assertThat(writer.indexedKeys()).as(context).isEqualTo(model.size());
          }
        }
        assertThat(writer.unknownKeys()).isZero();
      } finally {
        writer.close();
      }
      assertEqual(lake.load(schema), schema, model, "after close");
    }
  }

  /** As the replica does: where another snapshot is current by now, deletes are looked up anew. */
  private static void commit(TableWriter writer, Table table, TableDelta delta)
      throws InterruptedException {
    table.refresh();
    Snapshot current = table.currentSnapshot();
    OptionalLong base =
        current == null ? OptionalLong.empty() : OptionalLong.of(current.snapshotId());
    if (delta.baseSnapshotId().equals(base)) {
      TestLake.commit(table, delta);
      return;
    }
    TableDelta again = writer.prepareAgain(table);
    assertThat(again.addedDataFiles().stream().map(ContentFile::location).toList())
        .isSubsetOf(delta.addedDataFiles().stream().map(ContentFile::location).toList());
    if (!again.isEmpty()) {
      TestLake.commit(table, again);
    }
  }

  private static void change(
      TableWriter writer, TableSchema schema, Map<List<Object>, Object[]> model, Random random)
      throws InterruptedException {
    List<List<Object>> keys = new ArrayList<>(model.keySet());
    keys.sort((one, other) -> one.toString().compareTo(other.toString()));
    int dice = random.nextInt(100);
    if (dice < 1) {
      writer.truncate();
      model.clear();
    } else if (dice < 35 || keys.isEmpty()) {
      Object[] values = values(schema, random, random.nextInt(100));
      if (!model.containsKey(key(schema, values))) {
        writer.insert(row(schema, values));
        model.put(key(schema, values), values);
      }
    } else if (dice < 55) {
      List<Object> key = keys.get(random.nextInt(keys.size()));
      Object[] before = new Object[schema.columns().size()];
      fillKey(schema, before, key);
      for (int i = 0; i < before.length; i++) {
        before[i] = before[i] == null ? model.get(key)[i] : before[i];
      }
      writer.delete(row(schema, before));
      model.remove(key);
    } else {
      List<Object> key = keys.get(random.nextInt(keys.size()));
      Object[] old = model.get(key);
      Object[] now = values(schema, random, random.nextInt(100));
      boolean moves = dice > 85 && !model.containsKey(key(schema, now));
      if (!moves) {
        fillKey(schema, now, key);
      }
      Object[] sent = now.clone();
      int body = schema.indexOf("body").orElseThrow();
      if (random.nextBoolean()) {
        sent[body] = UNCHANGED;
        now[body] = old[body];
        OptionalInt tags = schema.indexOf("tags");
        if (tags.isPresent() && random.nextBoolean()) {
          sent[tags.getAsInt()] = UNCHANGED;
          now[tags.getAsInt()] = old[tags.getAsInt()];
        }
      }
      Row after = row(schema, sent);
      writer.update(moves ? row(schema, old) : after, after);
      model.remove(key);
      model.put(key(schema, now), now);
    }
  }

  private static Object[] values(TableSchema schema, Random random, int number) {
    LocalDateTime at = LocalDateTime.of(2026, 1 + random.nextInt(4), 3, 4, 5, 6, 7000);
    String body = random.nextInt(5) == 0 ? null : "body " + random.nextInt() + "é".repeat(20);
    if (schema == LONG_KEY) {
      return new Object[] {
        (long) number - 30,
        random.nextInt(4) == 0 ? null : List.of("new", "paid", "sent").get(random.nextInt(3)),
        body,
        random.nextInt(4) == 0
            ? null
            : new java.math.BigDecimal(new java.math.BigInteger(80, random), 4),
        at,
        random.nextInt(4) == 0 ? null : Arrays.asList("x", null, "tag" + random.nextInt(5))
      };
    }
    return new Object[] {number % 7, "c" + number / 7, body, at};
  }

  private static List<Object> key(TableSchema schema, Object[] values) {
    return schema.key().stream().map(index -> values[index]).toList();
  }

  private static void fillKey(TableSchema schema, Object[] values, List<Object> key) {
    IntStream.range(0, key.size()).forEach(i -> values[schema.key().get(i)] = key.get(i));
  }

  private static void assertEqual(
      Table table, TableSchema schema, Map<List<Object>, Object[]> model, String context)
      throws IOException {
    List<List<Object>> expected = model.values().stream().map(Arrays::asList).toList();
    List<List<Object>> actual =
        TestLake.read(table).stream().map(record -> TestRows.values(schema, record)).toList();
    assertThat(actual).as(context).containsExactlyInAnyOrderElementsOf(expected);
  }

  static void assertNoEqualityDeletes(Table table) throws IOException {
    for (Snapshot snapshot : table.snapshots()) {
      for (ManifestFile manifest : snapshot.deleteManifests(table.io())) {
        try (ManifestReader<DeleteFile> reader =
            ManifestFiles.readDeleteManifest(manifest, table.io(), table.specs())) {
          for (DeleteFile file : reader) {
            assertThat(file.content()).isEqualTo(FileContent.POSITION_DELETES);
          }
        }
      }
    }
  }

  private static void assertOneVectorAFile(Table table) throws IOException {
    if (table.currentSnapshot() == null) {
      return;
    }
    Set<String> data = new HashSet<>();
    Set<String> referenced = new HashSet<>();
    try (CloseableIterable<FileScanTask> plan = table.newScan().planFiles()) {
      for (FileScanTask task : plan) {
        data.add(task.file().location());
        assertThat(task.deletes()).hasSizeLessThanOrEqualTo(1);
      }
    }
    for (ManifestFile manifest : table.currentSnapshot().deleteManifests(table.io())) {
      try (ManifestReader<DeleteFile> reader =
          ManifestFiles.readDeleteManifest(manifest, table.io(), table.specs())) {
        for (DeleteFile file : reader) {
          assertThat(referenced.add(file.referencedDataFile())).isTrue();
        }
      }
    }
    assertThat(data).containsAll(referenced);
  }

  /**
   * Rewrites some of the table's data files into one for each partition, as another engine would.
   */
  static boolean compact(Table table, Random random) throws IOException {
    table.refresh();
    if (table.currentSnapshot() == null) {
      return false;
    }
    Map<List<Object>, List<FileScanTask>> byPartition = new HashMap<>();
    try (CloseableIterable<FileScanTask> plan = table.newScan().planFiles()) {
      for (FileScanTask task : plan) {
        if (random.nextInt(3) > 0) {
          List<Object> partition = new ArrayList<>();
          for (int i = 0; i < task.file().partition().size(); i++) {
            partition.add(task.file().partition().get(i, Object.class));
          }
          byPartition.computeIfAbsent(partition, each -> new ArrayList<>()).add(task);
        }
      }
    }
    if (byPartition.isEmpty()) {
      return false;
    }
    RewriteFiles rewrite =
        table.newRewrite().validateFromSnapshot(table.currentSnapshot().snapshotId());
    OutputFileFactory names = OutputFileFactory.builderFor(table, 9, 9).build();
    for (List<FileScanTask> tasks : byPartition.values()) {
      DataFile first = tasks.getFirst().file();
      DataWriter<Record> out =
          Parquet.writeData(
                  (table.spec().isUnpartitioned()
                          ? names.newOutputFile()
                          : names.newOutputFile(table.spec(), first.partition()))
                      .encryptingOutputFile())
              .forTable(table)
              .withPartition(first.partition())
              .createWriterFunc(message -> GenericParquetWriter.create(table.schema(), message))
              .build();
      try (out) {
        Set<String> locations = new HashSet<>();
        tasks.forEach(task -> locations.add(task.file().location()));
        for (Record record : rowsOf(table, tasks)) {
          out.write(record);
        }
      }
      boolean anyRow = out.toDataFile().recordCount() > 0;
      if (anyRow) {
        rewrite.addFile(out.toDataFile());
      } else {
        CatalogUtil.deleteFiles(
            table.io(), List.of(out.toDataFile().location()), "an empty file", false);
      }
      for (FileScanTask task : tasks) {
        rewrite.deleteFile(task.file());
        task.deletes().stream()
            .filter(org.apache.iceberg.util.ContentFileUtil::isFileScoped)
            .forEach(rewrite::deleteFile);
      }
    }
    rewrite.commit();
    table.refresh();
    return true;
  }

  private static List<Record> rowsOf(Table table, List<FileScanTask> tasks) throws IOException {
    List<Record> rows = new ArrayList<>();
    for (FileScanTask task : tasks) {
      var deletes =
          new org.apache.iceberg.data.GenericDeleteFilter(
              table.io(), task, table.schema(), table.schema());
      try (CloseableIterable<Record> records =
          deletes.filter(
              Parquet.read(table.io().newInputFile(task.file()))
                  .project(deletes.requiredSchema())
                  .createReaderFunc(message ->
                      org.apache.iceberg.data.parquet.GenericParquetReaders.buildReader(
                          deletes.requiredSchema(), message))
                  .build())) {
        for (Record each : records) {
          GenericRecord copy = GenericRecord.create(table.schema());
          for (var field : table.schema().columns()) {
            copy.setField(field.name(), each.getField(field.name()));
          }
          rows.add(copy);
        }
      }
    }
    return rows;
  }
}
