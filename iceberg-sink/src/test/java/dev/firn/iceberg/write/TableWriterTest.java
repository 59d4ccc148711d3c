package dev.firn.iceberg.write;

import static dev.firn.iceberg.write.TestRows.UNCHANGED;
import static dev.firn.iceberg.write.TestRows.column;
import static dev.firn.iceberg.write.TestRows.row;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.fault.FirnException;
import dev.firn.change.row.Row;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Simple;
import dev.firn.change.table.TableSchema;
import dev.firn.config.PartitionField;
import dev.firn.config.PartitionField.Transform;
import dev.firn.config.SortField;
import dev.firn.config.TableSettings;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.UUID;
import org.apache.iceberg.ContentFile;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileMetadata;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.FileInfo;
import org.apache.iceberg.io.SupportsPrefixOperations;
import org.apache.iceberg.types.Conversions;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TableWriterTest {
  private static final TableSettings PLAIN =
      new TableSettings(Optional.empty(), List.of(), List.of());

  @TempDir static Path folder;
  private static TestLake lake;
  private static int tables;

  @BeforeAll
  static void start() throws Exception {
    lake = new TestLake(folder);
  }

  @AfterAll
  static void stop() throws Exception {
    lake.close();
  }

  /** A table with an integer key and a text, each test's own. */
  private static TableSchema items() {
    return TestRows.table(
        "items_" + tables++,
        List.of(0),
        column(1, "id", Simple.INT64, false),
        column(2, "name", Simple.TEXT, true),
        column(3, "body", Simple.TEXT, true));
  }

  /** A table with an integer key and a shop, each test's own. */
  private static TableSchema sales() {
    return TestRows.table(
        "sales_" + tables++,
        List.of(0),
        column(1, "id", Simple.INT64, false),
        column(2, "shop", Simple.INT32, false));
  }

  private static TableSettings byShop(SortField... order) {
    return new TableSettings(
        Optional.empty(),
        List.of(new PartitionField(Transform.IDENTITY, "shop", OptionalInt.empty())),
        List.of(order));
  }

  private static void checkpoint(TableWriter writer, Table table) throws Exception {
    TableDelta delta = writer.prepare();
    if (!delta.isEmpty()) {
      TestLake.commit(table, delta);
      table.refresh();
      writer.committed(table);
    }
  }

  private static List<List<Object>> content(Table table, TableSchema schema) throws Exception {
    return TestLake.read(table).stream()
        .map(record -> TestRows.values(schema, record))
        .sorted((one, other) -> one.getFirst().toString().compareTo(other.getFirst().toString()))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void everyTypeIsWrittenAndReadBackAndFilledInWhenUnchanged(int version) throws Exception {
    ColumnType[] types = {
      Simple.INT32,
      Simple.BOOL,
      Simple.INT64,
      Simple.FLOAT32,
      Simple.FLOAT64,
      Simple.DATE,
      Simple.TIME,
      Simple.TIMESTAMP,
      Simple.TIMESTAMP_TZ,
      Simple.TEXT,
      Simple.JSON,
      Simple.BINARY,
      Simple.UUID,
      new ColumnType.Decimal(5, 2),
      new ColumnType.Decimal(18, 6),
      new ColumnType.Decimal(38, 10),
      new ColumnType.Array(Simple.INT32),
      new ColumnType.Array(Simple.FLOAT64),
      new ColumnType.Array(Simple.UUID),
      new ColumnType.Array(new ColumnType.Decimal(30, 2)),
      Simple.INT32
    };
    dev.firn.change.table.Column[] columns = new dev.firn.change.table.Column[types.length];
    for (int i = 0; i < types.length; i++) {
      columns[i] = column(i + 1, "c" + i, types[i], i > 0);
    }
    TableSchema schema = TestRows.table("types_" + version, List.of(0), columns);
    Object[] full = {
      1,
      true,
      Long.MIN_VALUE,
      -0.0f,
      Double.NaN,
      LocalDate.of(-43, 3, 15),
      LocalTime.of(23, 59, 59, 999_999_000),
      LocalDateTime.of(1969, 12, 31, 23, 59, 59, 1000),
      OffsetDateTime.parse("2026-02-28T12:00:00.123456Z"),
      "žluťoučký 🐎",
      "{\"a\": [1, null]}",
      ByteBuffer.wrap(new byte[] {0, -1, 127}),
      UUID.fromString("ffffffff-0000-4000-8000-000000000001"),
      new BigDecimal("-999.99"),
      new BigDecimal("123456789012.345678"),
      new BigDecimal("-1234567890123456789012345678.0123456789"),
      Arrays.asList(1, null, Integer.MIN_VALUE),
      List.of(),
      Arrays.asList(UUID.fromString("00000000-0000-4000-8000-000000000001"), null),
      List.of(new BigDecimal("0.00"), new BigDecimal("-1234567890123456789012345678.99")),
      7
    };
    Object[] empty = new Object[types.length];
    empty[0] = 2;
    Table table = lake.create(schema, PLAIN, version);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      writer.insert(row(schema, full));
      writer.load(row(schema, empty));
      checkpoint(writer, table);
      assertThat(content(table, schema)).containsExactly(Arrays.asList(full), Arrays.asList(empty));

      Object[] touched = new Object[types.length];
      Arrays.fill(touched, UNCHANGED);
      touched[0] = 1;
      touched[types.length - 1] = 8;
      Row first = row(schema, touched);
      writer.update(first, first);
      touched[0] = 2;
      Row second = row(schema, touched);
      writer.update(second, second);
      checkpoint(writer, table);
      full[types.length - 1] = 8;
      empty[types.length - 1] = 8;
      assertThat(content(table, schema)).containsExactly(Arrays.asList(full), Arrays.asList(empty));
    }
  }

  @Test
  void metricsBoundTheValuesAndCountNullsAndNans() throws Exception {
    TableSchema schema =
        TestRows.table(
            "metrics",
            List.of(0),
            column(1, "id", Simple.INT64, false),
            column(2, "ratio", Simple.FLOAT64, true));
    Table table = lake.create(schema, PLAIN, 3);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      writer.insert(row(schema, 5L, 1.5));
      writer.insert(row(schema, -3L, Double.NaN));
      writer.insert(row(schema, 9L, null));
      DataFile file = writer.prepare().addedDataFiles().getFirst();
      assertThat(file.recordCount()).isEqualTo(3);
      assertThat(
              (Object)
                  Conversions.fromByteBuffer(table.schema().findType(1), file.lowerBounds().get(1)))
          .isEqualTo(-3L);
      assertThat(
              (Object)
                  Conversions.fromByteBuffer(table.schema().findType(1), file.upperBounds().get(1)))
          .isEqualTo(9L);
      assertThat(file.valueCounts()).containsEntry(2, 3L);
      assertThat(file.nullValueCounts()).containsEntry(2, 1L);
      assertThat(file.nanValueCounts()).containsEntry(2, 1L);
      assertThat(
              (Object)
                  Conversions.fromByteBuffer(table.schema().findType(2), file.upperBounds().get(2)))
          .isEqualTo(1.5);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void rowMovesWithItsPartitionUnderEveryTransform(int version) throws Exception {
    for (Transform transform : Transform.values()) {
      boolean ofText = transform == Transform.IDENTITY || transform == Transform.TRUNCATE;
      TableSchema schema =
          TestRows.table(
              "by_" + transform + "_" + version,
              List.of(0),
              column(1, "id", Simple.UUID, false),
              column(2, "code", Simple.TEXT, true),
              column(3, "at", Simple.TIMESTAMP_TZ, true));
      OptionalInt parameter =
          transform == Transform.BUCKET || transform == Transform.TRUNCATE
              ? OptionalInt.of(2)
              : OptionalInt.empty();
      Table table =
          lake.create(
              schema,
              new TableSettings(
                  Optional.empty(),
                  List.of(new PartitionField(transform, ofText ? "code" : "at", parameter)),
                  List.of(new SortField("code", false))),
              version);
      UUID one = new UUID(1, 1);
      UUID two = new UUID(-2, -2);
      try (TableWriter writer = TableWriter.open(table, schema)) {
        writer.load(row(schema, one, "abc", OffsetDateTime.parse("2020-01-01T00:00:00Z")));
        writer.load(row(schema, two, "xyz", null));
        checkpoint(writer, table);
        Row moved = row(schema, one, "qrs", OffsetDateTime.parse("1955-05-05T05:05:00Z"));
        writer.update(moved, moved);
        Row toNull = row(schema, two, null, OffsetDateTime.parse("2020-01-01T00:00:00Z"));
        writer.update(toNull, toNull);
        checkpoint(writer, table);
        assertThat(content(table, schema))
            .as("%s", transform)
            .containsExactlyInAnyOrder(
                Arrays.asList(one, "qrs", OffsetDateTime.parse("1955-05-05T05:05:00Z")),
                Arrays.asList(two, null, OffsetDateTime.parse("2020-01-01T00:00:00Z")));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void manyChangesOfOneKeyEndAsTheLast(int version) throws Exception {
    TableSchema schema = items();
    assertThat(lake.create(schema, PLAIN, version).currentSnapshot()).isNull();
    for (long bound : new long[] {1, 100_000}) {
      try (TableWriter writer =
          TableWriter.open(lake.load(schema), schema, new WriteLimits(bound, 2, 2))) {
        writer.insert(row(schema, 1L, "a", "toast"));
        Row update = row(schema, 1L, "b", UNCHANGED);
        writer.update(update, update);
        writer.delete(update);
        writer.insert(row(schema, 1L, "c", "toast 2"));
        // there and back, and another takes the key meanwhile
        writer.update(row(schema, 1L, "c", null), row(schema, 2L, "d", UNCHANGED));
        writer.insert(row(schema, 1L, "x", "y"));
        writer.delete(row(schema, 1L, null, null));
        writer.update(row(schema, 2L, null, null), row(schema, 1L, "e", UNCHANGED));
        Table now = lake.load(schema);
        TableDelta delta = writer.prepare();
        assertThat(delta.written().inserts()).isEqualTo(3);
        assertThat(delta.written().updates()).isEqualTo(3);
        assertThat(delta.written().deletes()).isEqualTo(2);
        TestLake.commit(now, delta);
        now.refresh();
        writer.committed(now);
        assertThat(content(now, schema)).containsExactly(Arrays.asList(1L, "e", "toast 2"));
        assertThat(writer.indexedKeys()).isEqualTo(1);
        writer.delete(update);
        checkpoint(writer, now);
        assertThat(content(now, schema)).isEmpty();
      }
    }
  }

  @Test
  void keysSwapByWayOfATemporaryOne() throws Exception {
    TableSchema schema = items();
    Table table = lake.create(schema, PLAIN, 3);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      writer.insert(row(schema, 1L, "one", "body 1"));
      writer.insert(row(schema, 2L, "two", "body 2"));
      checkpoint(writer, table);
      writer.update(row(schema, 1L, null, null), row(schema, 99L, "one", UNCHANGED));
      writer.update(row(schema, 2L, null, null), row(schema, 1L, "two", UNCHANGED));
      writer.update(row(schema, 99L, null, null), row(schema, 2L, "one", UNCHANGED));
      checkpoint(writer, table);
      assertThat(content(table, schema))
          .containsExactly(Arrays.asList(1L, "two", "body 2"), Arrays.asList(2L, "one", "body 1"));
      assertThat(writer.unknownKeys()).isZero();
    }
  }

  @Test
  void unchangedKeyColumnIsTheFormerRows() throws Exception {
    TableSchema schema =
        TestRows.table(
            "toasted_key",
            List.of(0),
            column(1, "code", Simple.TEXT, false),
            column(2, "name", Simple.TEXT, true));
    Table table = lake.create(schema, PLAIN, 3);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      writer.insert(row(schema, "k".repeat(2500), "a"));
      checkpoint(writer, table);
      writer.update(row(schema, "k".repeat(2500), null), row(schema, UNCHANGED, "b"));
      checkpoint(writer, table);
      assertThat(content(table, schema)).containsExactly(List.of("k".repeat(2500), "b"));
    }
  }

  @Test
  void unchangedValueWithoutARowIsRefusedByTableAndKey() throws Exception {
    TableSchema schema = items();
    Table table = lake.create(schema, PLAIN, 3);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      Row update = row(schema, 17L, "a", UNCHANGED);
      assertThatThrownBy(() -> writer.update(update, update))
          .isInstanceOfSatisfying(
              FirnException.class,
              failure -> {
                assertThat(failure.kind()).isEqualTo(FirnException.Kind.REPLICA_UNFIT);
                assertThat(failure)
                    .hasMessageContaining(schema.id().toString())
                    .hasMessageContaining("id=17");
              });
    }
  }

  @Test
  void unknownKeysAreInsertedOrPassedOverAndCounted() throws Exception {
    TableSchema schema = items();
    Table table = lake.create(schema, PLAIN, 3);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      Row update = row(schema, 1L, "a", "b");
      writer.update(update, update);
      writer.delete(row(schema, 2L, null, null));
      assertThat(writer.unknownKeys()).isEqualTo(2);
      TableDelta delta = writer.prepare();
      assertThat(delta.written().updates()).isEqualTo(1);
      assertThat(delta.written().deletes()).isZero();
      TestLake.commit(table, delta);
      assertThat(content(table, schema)).containsExactly(Arrays.asList(1L, "a", "b"));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void truncateBetweenInsertsLeavesTheLaterOnes(int version) throws Exception {
    TableSchema schema = items();
    Table table = lake.create(schema, PLAIN, version);
    try (TableWriter writer = TableWriter.open(table, schema, new WriteLimits(1, 2, 2))) {
      writer.insert(row(schema, 1L, "old", null));
      writer.insert(row(schema, 2L, "old", null));
      checkpoint(writer, table);
      writer.delete(row(schema, 1L, null, null));
      checkpoint(writer, table);
      writer.insert(row(schema, 3L, "gone with it", null));
      writer.load(row(schema, 4L, "too", null));
      writer.truncate();
      writer.insert(row(schema, 2L, "new", null));
      TableDelta delta = writer.prepare();
      assertThat(delta.addedDataFiles()).hasSize(1);
      assertThat(delta.written().truncates()).isEqualTo(1);
      TestLake.commit(table, delta);
      table.refresh();
      writer.committed(table);
      assertThat(content(table, schema)).containsExactly(Arrays.asList(2L, "new", null));
      assertThat(writer.indexedKeys()).isEqualTo(1);
      assertThat(table.currentSnapshot().summary()).containsEntry("total-data-files", "1");
      writer.truncate();
      checkpoint(writer, table);
      assertThat(content(table, schema)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void fileWithoutALiveRowGoesAsAWhole(int version) throws Exception {
    TableSchema schema = items();
    Table table = lake.create(schema, PLAIN, version);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      writer.insert(row(schema, 1L, "a", null));
      writer.insert(row(schema, 2L, "b", null));
      checkpoint(writer, table);
      writer.delete(row(schema, 1L, null, null));
      checkpoint(writer, table);
      assertThat(table.currentSnapshot().summary()).containsEntry("total-delete-files", "1");
      writer.delete(row(schema, 2L, null, null));
      TableDelta delta = writer.prepare();
      assertThat(delta.removedDataFiles()).hasSize(1);
      assertThat(delta.addedDeleteFiles()).isEmpty();
      TestLake.commit(table, delta);
      table.refresh();
      writer.committed(table);
      assertThat(table.currentSnapshot().summary())
          .containsEntry("total-data-files", "0")
          .containsEntry("total-delete-files", "0");
      assertThat(content(table, schema)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void compactionBetweenLookUpAndCommitIsFollowed(int version) throws Exception {
    TableSchema schema = items();
    Table table = lake.create(schema, PLAIN, version);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      for (long id = 0; id < 40; id++) {
        writer.insert(row(schema, id, "old", "body " + id));
        if (id % 10 == 9) {
          checkpoint(writer, table);
        }
      }
      for (long id = 0; id < 40; id += 4) {
        Row update = row(schema, id, "new", UNCHANGED);
        writer.update(update, update);
        writer.delete(row(schema, id + 1, null, null));
      }
      TableDelta delta = writer.prepare();
      assertThat(TableWriterModelTest.compact(table, alwaysAll())).isTrue();
      assertThatThrownBy(() -> TestLake.commit(table, delta))
          .isInstanceOf(ValidationException.class);
      table.refresh();
      TableDelta again = writer.prepareAgain(table);
      assertThat(locations(again.addedDataFiles())).isEqualTo(locations(delta.addedDataFiles()));
      TestLake.commit(table, again);
      table.refresh();
      writer.committed(table);
      List<List<Object>> rows = content(table, schema);
      assertThat(rows).hasSize(30);
      assertThat(rows)
          .allSatisfy(values -> {
            long id = (Long) values.get(0);
            assertThat(id % 4).isNotEqualTo(1);
            assertThat(values.get(1)).isEqualTo(id % 4 == 0 ? "new" : "old");
            assertThat(values.get(2)).isEqualTo("body " + id);
          });
      assertThat(writer.indexedKeys()).isEqualTo(30);
      TableWriterModelTest.assertNoEqualityDeletes(table);
    }
  }

  @Test
  void largeDeleteFilesOfV2AreNotRewrittenForFewRows() throws Exception {
    TableSchema schema =
        TestRows.table("large_v2", List.of(0), column(1, "id", Simple.INT64, false));
    Table table = lake.create(schema, PLAIN, 2);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      for (long id = 0; id < 140_000; id++) {
        writer.load(row(schema, id));
      }
      checkpoint(writer, table);
      for (long id = 0; id < 70_000; id++) {
        writer.delete(row(schema, id));
      }
      checkpoint(writer, table);
      for (int i = 0; i < 9; i++) {
        boolean all = i == 7;
        writer.delete(row(schema, 70_000L + i));
        TableDelta delta = writer.prepare();
        // beside the large one until there are eight, then all in one again
        assertThat(delta.addedDeleteFiles())
            .singleElement()
            .satisfies(file -> assertThat(file.recordCount()).isEqualTo(all ? 70_008 : 1));
        assertThat(delta.replacedDeleteFiles()).hasSize(all ? 8 : 0);
        TestLake.commit(table, delta);
        table.refresh();
        writer.committed(table);
      }
      assertThat(TestLake.read(table)).hasSize(69_991);
      assertThat(table.currentSnapshot().summary())
          .containsEntry("total-delete-files", "2")
          .containsEntry("total-position-deletes", "70009");
    }
    try (TableWriter again = TableWriter.open(lake.load(schema), schema)) {
      assertThat(again.indexedKeys()).isEqualTo(69_991);
    }
  }

  @Test
  void truncateOutlivesACompactionBeforeItsCommit() throws Exception {
    TableSchema schema = items();
    Table table = lake.create(schema, PLAIN, 3);
    try (TableWriter writer = TableWriter.open(table, schema, new WriteLimits(1, 2, 2))) {
      writer.insert(row(schema, 1L, "old", null));
      writer.insert(row(schema, 2L, "old", null));
      checkpoint(writer, table);
      writer.truncate();
      writer.insert(row(schema, 1L, "new", null));
      TableDelta delta = writer.prepare();
      assertThat(TableWriterModelTest.compact(table, alwaysAll())).isTrue();
      assertThatThrownBy(() -> TestLake.commit(table, delta))
          .isInstanceOf(ValidationException.class);
      table.refresh();
      TestLake.commit(table, writer.prepareAgain(table));
      table.refresh();
      writer.committed(table);
      assertThat(content(table, schema)).containsExactly(Arrays.asList(1L, "new", null));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void partitionsOrderAndColumnsThatOthersChangeMeanwhileLeaveItsFilesAsTheyWere(int version)
      throws Exception {
    TableSchema schema = sales();
    Table table = lake.create(schema, byShop(new SortField("id", false)), version);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      writer.insert(row(schema, 1L, 10));
      writer.insert(row(schema, 2L, 20));
      checkpoint(writer, table);
      int spec = table.spec().specId();
      int order = table.sortOrder().orderId();

      Table others = lake.load(schema);
      others.updateSpec().removeField("shop").addField(Expressions.bucket("id", 4)).commit();
      others.replaceSortOrder().desc("shop").commit();
      others.updateSchema().addColumn("note", Types.StringType.get()).moveFirst("note").commit();
      table.refresh();
      writer.insert(row(schema, 3L, 30));
      checkpoint(writer, table);
      Row moved = row(schema, 1L, 30);
      writer.update(moved, moved);
      writer.delete(row(schema, 2L, 20));
      writer.insert(row(schema, 4L, 40));
      TableDelta delta = writer.prepare();
      assertThat(delta.addedDataFiles())
          .extracting(file -> file.specId() + " " + file.sortOrderId() + " " + file.partition())
          .containsExactlyInAnyOrder(
              spec + " " + order + " PartitionData{shop=30}",
              spec + " " + order + " PartitionData{shop=40}");
      TestLake.commit(table, delta);
      table.refresh();
      writer.committed(table);
    }
    assertThat(shops(table)).containsExactly("1 in 30", "3 in 30", "4 in 40");
    try (TableWriter reopened = TableWriter.open(lake.load(schema), schema)) {
      Row moved = row(schema, 3L, 50);
      reopened.update(moved, moved);
      checkpoint(reopened, table);
    }
    assertThat(shops(table)).containsExactly("1 in 30", "3 in 50", "4 in 40");
  }

  private static List<String> shops(Table table) throws Exception {
    return TestLake.read(table).stream()
        .map(record -> record.getField("id") + " in " + record.getField("shop"))
        .sorted()
        .toList();
  }

  @Test
  void loadOfManyPartitionsKeepsFewFilesOpen() throws Exception {
    TableSchema schema = sales();
    Table table = lake.create(schema, byShop(), 3);
    try (TableWriter writer = TableWriter.open(table, schema, new WriteLimits(1 << 20, 2, 2))) {
      for (int id = 0; id < 300; id++) {
        writer.load(row(schema, (long) id, id % 6));
      }
      // while the load goes on its rows can change
      Row changed = row(schema, 0L, 5);
      writer.update(changed, changed);
      writer.delete(row(schema, 1L, 1));
      TableDelta delta = writer.prepare();
      assertThat(delta.addedDataFiles()).hasSize(6);
      assertThat(delta.referencedDataFiles()).isEmpty();
      assertThat(delta.baseSnapshotId()).isEmpty();
      TestLake.commit(table, delta);
      table.refresh();
      writer.committed(table);
      assertThat(content(table, schema))
          .hasSize(299)
          .contains(List.of(0L, 5))
          .doesNotContain(List.of(0L, 0), List.of(1L, 1));
    }
  }

  @Test
  void sortedTableHasSortedFiles() throws Exception {
    TableSchema schema = items();
    Table table =
        lake.create(
            schema,
            new TableSettings(Optional.empty(), List.of(), List.of(new SortField("name", true))),
            3);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      writer.load(row(schema, 1L, "b", null));
      writer.load(row(schema, 2L, null, null));
      writer.load(row(schema, 3L, "ž", null));
      writer.load(row(schema, 4L, "c", null));
      TableDelta delta = writer.prepare();
      assertThat(delta.addedDataFiles())
          .singleElement()
          .satisfies(file -> assertThat(file.sortOrderId()).isEqualTo(table.sortOrder().orderId()));
      TestLake.commit(table, delta);
      assertThat(TestLake.read(table).stream().map(record -> record.getField("id")))
          .containsExactly(3L, 4L, 1L, 2L);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void largeRowsGoToFilesOfTheirOwnAndNeverWait(int version) throws Exception {
    TableSchema schema = items();
    Table table = lake.create(schema, PLAIN, version);
    WriteLimits limits = new WriteLimits(64L << 20, 2, 2, 1000, 5000);
    String large = "x".repeat(2000);
    try (TableWriter writer = TableWriter.open(table, schema, limits)) {
      writer.load(row(schema, 1L, "loaded", large));
      writer.load(row(schema, 2L, "small", null));
      writer.insert(row(schema, 3L, "inserted", large));
      // its values are in a file of this very checkpoint
      Row moved = row(schema, 4L, "moved", UNCHANGED);
      writer.update(row(schema, 3L, null, null), moved);
      TableDelta delta = writer.prepare();
      assertThat(delta.addedDataFiles()).hasSize(3);
      TestLake.commit(table, delta);
      table.refresh();
      writer.committed(table);

      Row renamed = row(schema, 1L, "renamed", UNCHANGED);
      writer.update(renamed, renamed);
      writer.delete(row(schema, 4L, null, null));
      checkpoint(writer, table);
      assertThat(content(table, schema))
          .containsExactly(Arrays.asList(1L, "renamed", large), Arrays.asList(2L, "small", null));

      Row grown = row(schema, 1L, "y".repeat(4000), UNCHANGED);
      writer.update(grown, grown);
      assertThatThrownBy(writer::prepare)
          .isInstanceOfSatisfying(
              FirnException.class,
              failure -> assertThat(failure.kind()).isEqualTo(FirnException.Kind.ROW_TOO_LARGE))
          .hasMessageContainingAll(schema.id().toString(), "id=1", "more than the 5000");
    }
  }

  @Test
  void closeDeletesWhatWasNeverPrepared() throws Exception {
    TableSchema schema = items();
    Table table = lake.create(schema, PLAIN, 3);
    try (TableWriter writer = TableWriter.open(table, schema, new WriteLimits(1, 2, 2))) {
      writer.insert(row(schema, 1L, "kept", null));
      checkpoint(writer, table);
      writer.insert(row(schema, 2L, "flushed", null));
      writer.load(row(schema, 3L, "still open", null));
      assertThat(dataObjects(table)).isGreaterThan(1);
    }
    assertThat(dataObjects(table)).isEqualTo(1);
    assertThat(content(table, schema)).containsExactly(Arrays.asList(1L, "kept", null));
  }

  @Test
  void changesWaitForAPreparedDelta() throws Exception {
    TableSchema schema = items();
    Table table = lake.create(schema, PLAIN, 3);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      writer.insert(row(schema, 1L, "a", null));
      TableDelta delta = writer.prepare();
      assertThat(writer.prepare()).isSameAs(delta);
      assertThatThrownBy(() -> writer.insert(row(schema, 2L, "b", null)))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void equalityDeletesOfOthersAreRefused() throws Exception {
    TableSchema schema = items();
    Table table = lake.create(schema, PLAIN, 2);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      writer.insert(row(schema, 1L, "a", null));
      checkpoint(writer, table);
    }
    table
        .newRowDelta()
        .addDeletes(
            FileMetadata.deleteFileBuilder(table.spec())
                .ofEqualityDeletes(1)
                .withPath(table.location() + "/data/foreign.parquet")
                .withFormat(FileFormat.PARQUET)
                .withFileSizeInBytes(10)
                .withRecordCount(1)
                .build())
        .commit();
    assertThatThrownBy(() -> TableWriter.open(lake.load(schema), schema))
        .isInstanceOfSatisfying(
            FirnException.class,
            failure -> {
              assertThat(failure.kind()).isEqualTo(FirnException.Kind.REPLICA_UNFIT);
              assertThat(failure).hasMessageContaining("foreign.parquet");
            });
  }

  @Test
  void keyThatTheTableHoldsTwiceIsRefused() throws Exception {
    TableSchema schema = items();
    Table table = lake.create(schema, PLAIN, 3);
    for (int i = 0; i < 2; i++) {
      Table seenEmpty = lake.load(schema);
      try (TableWriter writer = TableWriter.open(seenEmpty, schema)) {
        if (i == 1) {
          writer.truncate();
        }
        writer.insert(row(schema, 1L, "a", null));
        writer
            .prepare()
            .addedDataFiles()
            .forEach(f -> seenEmpty.newAppend().appendFile(f).commit());
      }
    }
    table.refresh();
    assertThatThrownBy(() -> TableWriter.open(table, schema))
        .isInstanceOfSatisfying(
            FirnException.class,
            failure -> assertThat(failure.kind()).isEqualTo(FirnException.Kind.REPLICA_UNFIT));
  }

  @Test
  void valuesThatIcebergCannotHoldAreRefusedByColumn() throws Exception {
    TableSchema schema =
        TestRows.table(
            "unrepresentable",
            List.of(0),
            column(1, "id", Simple.INT64, false),
            column(2, "at", Simple.TIME, true));
    Table table = lake.create(schema, PLAIN, 3);
    try (TableWriter writer = TableWriter.open(table, schema)) {
      dev.firn.change.row.RowBuilder midnight = new dev.firn.change.row.RowBuilder().begin(2);
      midnight.setLong(0, 1);
      midnight.setLong(1, 86_400_000_000L);
      writer.insert(midnight.build());
      assertThatThrownBy(writer::prepare)
          .isInstanceOfSatisfying(
              FirnException.class,
              failure -> {
                assertThat(failure.kind()).isEqualTo(FirnException.Kind.UNREPRESENTABLE_VALUE);
                assertThat(failure).hasMessageContaining("column at");
              });
    }
  }

  private static List<String> locations(List<DataFile> files) {
    return files.stream().map(ContentFile::location).sorted().toList();
  }

  private static int dataObjects(Table table) {
    int count = 0;
    for (FileInfo each :
        ((SupportsPrefixOperations) table.io()).listPrefix(table.location() + "/data")) {
      count += each.size() > 0 ? 1 : 0;
    }
    return count;
  }

  private static Random alwaysAll() {
    return new Random() {
      @Override
      public int nextInt(int bound) {
        return bound - 1;
      }
    };
  }
}
