package dev.firn.iceberg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.PipelineEvent;
import dev.firn.change.SourceReader;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Frontier;
import dev.firn.change.position.Position;
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
import dev.firn.config.Secret;
import dev.firn.config.SortField;
import dev.firn.config.TableSettings;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import dev.firn.iceberg.control.ControlTable;
import dev.firn.iceberg.control.Tenure;
import dev.firn.iceberg.schema.IcebergTables;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class IcebergReplicaTest {
  private static final TableSchema A = table("a", 1);
  private static final TableSchema B = table("b", 2);
  private static final TableSettings SETTINGS =
      new TableSettings(Optional.empty(), List.of(), List.of());
  private static final Frontier EMPTY_LOAD =
      new Frontier.LoadedAt(TransactionSnapshot.parse("10:10:"));
  private static final Position ORIGIN = PostgresPosition.at(100, 0);

  @TempDir Path folder;
  private Warehouse warehouse;
  private CatalogConfig catalog;
  private final AdjustableClock clock = new AdjustableClock();
  private final List<PipelineEvent> events = new ArrayList<>();
  private final RowBuilder builder = new RowBuilder();
  private ReplicateConfig config = config(3, 1_000_000, Duration.ofHours(1));

  @BeforeEach
  void startWarehouse() throws Exception {
    warehouse = new Warehouse(folder);
    catalog = warehouse.sqlite("replica");
  }

  @AfterEach
  void stopWarehouse() throws Exception {
    warehouse.close();
  }

  private static final class AdjustableClock extends Clock {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }

    void pass(Duration time) {
      now = now.plus(time);
    }
  }

  private static ReplicateConfig config(int format, long maxRows, Duration every) {
    return new ReplicateConfig(
        List.of("spark"),
        format,
        new ReplicateConfig.Checkpoint(every, maxRows, 1L << 40),
        ReplicateConfig.DEFAULT_MAX_ROW_BYTES);
  }

  private static TableSchema table(String name, long id) {
    return table(name, id, 9);
  }

  private static TableSchema table(String name, long id, long membership) {
    return new TableSchema(
        new TableId("public", name),
        id,
        membership,
        List.of(
            new Column(1, "id", ColumnType.Simple.INT64, false, "bigint"),
            new Column(2, "value", ColumnType.Simple.TEXT, true, "text")),
        List.of(0));
  }

  private Row row(long id, String value) {
    builder.begin(2);
    builder.setLong(0, id);
    builder.setBytes(1, value.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    return builder.build();
  }

  private IcebergReplica open() throws InterruptedException {
    return open(new Tenure());
  }

  private IcebergReplica open(Tenure tenure) throws InterruptedException {
    return IcebergReplica.open(catalog, config, ReplicaLimits.DEFAULT, events::add, clock, tenure);
  }

  /** A replica with both tables loaded from nothing, as seen by snapshot 10:10. */
  private IcebergReplica openLoaded() throws InterruptedException {
    IcebergReplica replica = open();
    ready(replica);
    replica.attach("system 1", ORIGIN);
    for (TableSchema table : List.of(A, B)) {
      try (TableLoad load = replica.beginLoad(table)) {
        load.commit(EMPTY_LOAD, ORIGIN);
      }
    }
    return replica;
  }

  private static void ready(IcebergReplica replica) throws InterruptedException {
    replica.ensureTable(A, SETTINGS);
    replica.ensureTable(B, SETTINGS);
  }

  /** Transaction {@code n} inserts n into both tables; its end is at n * 100. */
  private void both(IcebergReplica replica, long n, boolean endKnown) throws InterruptedException {
    replica.begin(
        new PostgresTransaction(n, endKnown ? OptionalLong.of(n * 100) : OptionalLong.empty()));
    replica.insert(A, row(n, "a" + n));
    replica.insert(B, row(n, "b" + n));
    replica.commit(PostgresPosition.at(n * 100, n), n);
  }

  private Table iceberg(String name) {
    return iceberg(TableIdentifier.of("public", name));
  }

  private Table iceberg(TableIdentifier id) {
    try (ReplicaCatalog fresh = ReplicaCatalog.open(catalog)) {
      return fresh.catalog().loadTable(id);
    }
  }

  private List<Long> ids(String name) throws Exception {
    List<Long> ids = new ArrayList<>();
    try (ReplicaCatalog fresh = ReplicaCatalog.open(catalog);
        CloseableIterable<Record> rows =
            IcebergGenerics.read(fresh.catalog().loadTable(TableIdentifier.of("public", name)))
                .build()) {
      rows.forEach(row -> ids.add((Long) row.getField("id")));
    }
    ids.sort(null);
    return ids;
  }

  @Test
  void changesFromBeforeATablesLoadAreNotWantedAlsoInAnotherShape() throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      replica.begin(new PostgresTransaction(9, OptionalLong.empty()));
      assertThat(replica.wants(A)).isFalse();
      replica.commit(PostgresPosition.at(900, 9), 9);
      replica.begin(new PostgresTransaction(11, OptionalLong.empty()));
      assertThat(replica.wants(A)).isTrue();
      replica.commit(PostgresPosition.at(1100, 11), 11);
      replica.begin(new PostgresTransaction(10, OptionalLong.of(100)));
      assertThat(replica.wants(A)).isFalse();
      replica.commit(PostgresPosition.at(1100, 11), 11);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void aLoadAndThenChangesAreInTheReplica(int format) throws Exception {
    config = config(format, 1_000_000, Duration.ofHours(1));
    List<Position> durable = new ArrayList<>();
    try (IcebergReplica replica = open()) {
      replica.addCheckpointListener(durable::add);
      ready(replica);
      replica.attach("system 1", ORIGIN);
      try (TableLoad load = replica.beginLoad(A)) {
        load.row(row(1, "one"));
        load.row(row(2, "two"));
        load.commit(EMPTY_LOAD, ORIGIN);
      }
      try (TableLoad load = replica.beginLoad(B)) {
        load.commit(EMPTY_LOAD, ORIGIN);
      }
      replica.begin(new PostgresTransaction(11, OptionalLong.empty()));
      Row changed = row(1, "uno");
      replica.update(A, changed, changed);
      replica.delete(A, row(2, ""));
      replica.insert(A, row(3, "three"));
      replica.insert(B, row(9, "nine"));
      replica.commit(PostgresPosition.at(1100, 11), 5);
      replica.checkpointNow();
    }
    assertThat(ids("a")).containsExactly(1L, 3L);
    assertThat(ids("b")).containsExactly(9L);
    assertThat(durable).last().isEqualTo(PostgresPosition.at(1100, 11));
    assertThat(events)
        .filteredOn(PipelineEvent.Checkpointed.class::isInstance)
        .singleElement()
        .satisfies(event -> {
          PipelineEvent.Checkpointed checkpointed = (PipelineEvent.Checkpointed) event;
          assertThat(checkpointed.transactions()).isEqualTo(1);
          assertThat(checkpointed.tables()).hasSize(2);
        });
    assertThat(iceberg(ControlTable.ID).currentSnapshot().summary())
        .containsEntry("firn.position", "pg:0/44C:11")
        .containsEntry("firn.completed", "true");
  }

  @Test
  void aSourceThatCannotGoOnLeavesWhatCameBeforeAndNothingOfTheOpenTransaction() throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      replica.begin(new PostgresTransaction(12, OptionalLong.empty()));
      replica.checkpointBeforeOpenTransaction();
    }
    assertThat(ids("a")).containsExactly(11L);

    try (IcebergReplica replica = open()) {
      assertThat(replica.position()).contains(PostgresPosition.at(1100, 11));
      ready(replica);
      both(replica, 12, false);
      replica.begin(new PostgresTransaction(13, OptionalLong.empty()));
      replica.insert(A, row(13, "half"));
      replica.checkpointBeforeOpenTransaction();
    }
    assertThat(ids("a")).containsExactly(11L);
    try (IcebergReplica replica = open()) {
      assertThat(replica.position()).contains(PostgresPosition.at(1100, 11));
    }
  }

  /** The warehouse's bucket, given up on at once where it does not answer. */
  private CatalogConfig impatient() {
    return with("s3.retry.num-retries", "0");
  }

  private CatalogConfig with(String property, String value) {
    Map<String, Secret> properties = new HashMap<>(catalog.properties());
    properties.put(property, Secret.of(value));
    return new CatalogConfig(
        catalog.type(),
        catalog.implementation(),
        catalog.name(),
        catalog.uri(),
        catalog.warehouse(),
        properties);
  }

  /** Transaction {@code n} deletes these rows of both tables, and a checkpoint follows. */
  private void delete(IcebergReplica replica, long n, long... ids) throws InterruptedException {
    replica.begin(new PostgresTransaction(n, OptionalLong.empty()));
    for (long id : ids) {
      replica.delete(A, row(id, ""));
      replica.delete(B, row(id, ""));
    }
    replica.commit(PostgresPosition.at(n * 100, n), n);
    replica.checkpointNow();
  }

  @Test
  void aManifestIsFetchedOnceForAllCheckpoints() throws Exception {
    catalog = with("io-impl", CountingFileIO.class.getName());
    try (IcebergReplica replica = openLoaded()) {
      for (long n = 11; n < 31; n++) {
        both(replica, n, false);
        if (n % 10 == 0) {
          replica.checkpointNow();
        }
      }
      delete(replica, 31, 11, 21);
      // each kills another row of one file and looks for its former vector, also where the other
      // file's is
      for (long n = 32; n < 40; n++) {
        delete(replica, n, n - 20);
      }
    }
    Map<String, Integer> opened = CountingFileIO.opened(iceberg("a").location() + "/metadata/");
    opened.keySet().removeIf(file -> !file.contains("-m"));
    assertThat(opened).hasSizeGreaterThan(4).allSatisfy((file, times) -> assertThat(times).isOne());
  }

  @Test
  void aBucketThatIsLostBetweenCheckpointsIsAnOutageAndNoDefect() throws Exception {
    catalog = impatient();
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      replica.checkpointNow();
    }
    IcebergReplica replica = open();
    ready(replica);
    TableSchema sorted = table("sorted", 3);
    replica.ensureTable(
        sorted,
        new TableSettings(Optional.empty(), List.of(), List.of(new SortField("value", false))));
    TableLoad load = replica.beginLoad(sorted);
    warehouse.stopBucket();
    replica.begin(new PostgresTransaction(12, OptionalLong.empty()));

    // the keys are read at the first change
    assertUnreachable(() -> replica.insert(A, row(12, "a12")));
    assertUnreachable(() -> {
      for (int i = 0; i < 100; i++) {
        load.row(row(i, "x".repeat(1 << 20)));
      }
    });
    assertUnreachable(() -> replica.beginLoad(A));
  }

  @Test
  void aBucketThatIsLostWhileWaitingRowsAreWrittenIsAnOutageAndNoDefect() throws Exception {
    catalog = impatient();
    IcebergReplica replica = openLoaded();
    warehouse.stopBucket();
    replica.begin(new PostgresTransaction(11, OptionalLong.empty()));
    assertUnreachable(() -> {
      for (int i = 0; i < 100; i++) {
        replica.insert(A, row(i, "x".repeat(1 << 20)));
      }
    });
    // a part of the transaction may be in the writer
    replica.checkpointBeforeOpenTransaction();
    assertThat(replica.position()).contains(ORIGIN);
    assertThatThrownBy(() -> replica.commit(PostgresPosition.at(1100, 11), 11))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aValueFoundUnfitOnlyAtACheckpointIsWhatStopsTheSource() throws Exception {
    TableSchema times =
        new TableSchema(
            new TableId("public", "times"),
            3,
            9,
            List.of(
                new Column(1, "id", ColumnType.Simple.INT64, false, "bigint"),
                new Column(2, "at", ColumnType.Simple.TIME, true, "time")),
            List.of(0));
    try (IcebergReplica replica = openLoaded()) {
      replica.ensureTable(times, SETTINGS);
      try (TableLoad load = replica.beginLoad(times)) {
        load.commit(EMPTY_LOAD, ORIGIN);
      }
      replica.begin(new PostgresTransaction(11, OptionalLong.empty()));
      builder.begin(2);
      builder.setLong(0, 1);
      builder.setLong(1, Duration.ofHours(24).toNanos() / 1000);
      replica.insert(times, builder.build());
      replica.commit(PostgresPosition.at(1100, 11), 11);
      assertThatThrownBy(replica::checkpointNow)
          .isInstanceOfSatisfying(
              FirnException.class,
              e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.UNREPRESENTABLE_VALUE));
      // as the daemon does then
      replica.checkpointBeforeOpenTransaction();
      assertThat(replica.position()).contains(ORIGIN);
    }
  }

  private static void assertUnreachable(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.REPLICA_UNREACHABLE));
  }

  @Test
  void aRestartDropsWhatTheRecordedPositionCoversAndWhatTheLoadShowed() throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      replica.checkpointNow();
      both(replica, 12, false); // lost with the daemon
    }
    try (IcebergReplica replica = open()) {
      assertThat(replica.position()).contains(PostgresPosition.at(1100, 11));
      assertThat(replica.furthest()).contains(PostgresPosition.at(1100, 11));
      assertThat(replica.sourceIdentity()).contains("system 1");
      ready(replica);
      both(replica, 9, false); // shown by the load's snapshot
      // the same transaction shows a later end after the restart: its id tells
      replica.begin(new PostgresTransaction(11, OptionalLong.of(1150)));
      replica.insert(A, row(11, "again"));
      replica.insert(A, row(1111, "again"));
      replica.commit(PostgresPosition.at(1150, 11), 11);
      both(replica, 12, false);
      replica.checkpointNow();
    }
    assertThat(ids("a")).containsExactly(11L, 12L);
    assertThat(ids("b")).containsExactly(11L, 12L);
  }

  /** A catalog that commits one table after another, and crashes when told to. */
  private CatalogConfig oneByOne() {
    return warehouse.config(
        CatalogConfig.Type.CLASS,
        CrashingCatalog.class.getName(),
        "jdbc:sqlite:" + warehouse.sqliteFile());
  }

  @Test
  void aTableThatIsAheadAfterACrashDropsWhatItHas() throws Exception {
    catalog = oneByOne();
    IcebergReplica crashed = openLoaded();
    both(crashed, 11, false);
    crashed.checkpointNow();
    long completed = Long.parseLong(newestCompleted().get("firn.checkpoint"));
    both(crashed, 12, false);
    both(crashed, 13, false);
    CrashingCatalog.crashBefore(catalog.uri(), TableIdentifier.of("public", "b"));
    assertThatThrownBy(crashed::checkpointNow).isInstanceOf(CrashingCatalog.Crash.class);
    assertThat(ids("a")).containsExactly(11L, 12L, 13L);
    assertThat(ids("b")).containsExactly(11L);
    assertThat(newestCompleted()).containsEntry("firn.checkpoint", Long.toString(completed));

    config = config(3, 1_000_000, Duration.ZERO);
    try (IcebergReplica replica = open()) {
      assertThat(replica.position()).contains(PostgresPosition.at(1100, 11));
      assertThat(replica.furthest()).contains(PostgresPosition.at(1300, 13));
      assertThat(replica.furthestShown()).contains(PostgresPosition.at(1300, 13));
      ready(replica);
      both(replica, 12, true);
      // due by time, but a checkpoint here would show table a with transaction 13 and b without
      assertThat(replica.position()).contains(PostgresPosition.at(1100, 11));
      both(replica, 13, true);
      assertThat(replica.position()).contains(PostgresPosition.at(1300, 13));
      both(replica, 14, false);
    }
    assertThat(ids("a")).containsExactly(11L, 12L, 13L, 14L);
    assertThat(ids("b")).containsExactly(11L, 12L, 13L, 14L);
    // above the crashed one's id, which table a carries
    assertThat(Long.parseLong(newestCompleted().get("firn.checkpoint")))
        .isGreaterThan(completed + 2);
  }

  private Map<String, String> newestCompleted() {
    Snapshot newest = null;
    for (Snapshot snapshot : iceberg(ControlTable.ID).snapshots()) {
      if ("true".equals(snapshot.summary().get("firn.completed"))
          && (newest == null || snapshot.sequenceNumber() > newest.sequenceNumber())) {
        newest = snapshot;
      }
    }
    return newest.summary();
  }

  @Test
  void aCheckpointBehindALoadsHorizonIsNotCompleted() throws Exception {
    try (IcebergReplica replica = open()) {
      ready(replica);
      replica.attach("system 1", ORIGIN);
      for (TableSchema table : List.of(A, B)) {
        try (TableLoad load = replica.beginLoad(table)) {
          load.row(row(1, "one"));
          load.commit(EMPTY_LOAD, PostgresPosition.at(1200, 0));
        }
      }
      assertThat(iceberg(ControlTable.ID).properties()).containsEntry("firn.completed", "false");
      // no end need be told at the beginning: the frontiers tell by its id
      assertThat(replica.furthest()).contains(ORIGIN);
      assertThat(replica.furthestShown()).contains(PostgresPosition.at(1200, 0));
      both(replica, 11, false);
      replica.checkpointNow();
      assertThat(iceberg(ControlTable.ID).properties()).containsEntry("firn.completed", "false");
      both(replica, 12, false);
      replica.checkpointNow();
      assertThat(iceberg(ControlTable.ID).properties()).containsEntry("firn.completed", "true");
    }
  }

  @Test
  void aLoadCutShortLeavesNothingAndALoadAgainReplacesWhatThereWas() throws Exception {
    try (IcebergReplica replica = open()) {
      ready(replica);
      replica.attach("system 1", ORIGIN);
      try (TableLoad load = replica.beginLoad(A)) {
        load.row(row(1, "one"));
      }
      assertThat(iceberg("a").currentSnapshot()).isNull();
      try (TableLoad load = replica.beginLoad(A)) {
        load.row(row(2, "two"));
        load.commit(EMPTY_LOAD, ORIGIN);
      }
      assertThat(ids("a")).containsExactly(2L);
      try (TableLoad load = replica.beginLoad(A)) {
        load.row(row(3, "three"));
        assertThat(ids("a")).containsExactly(2L);
        load.commit(EMPTY_LOAD, ORIGIN);
      }
    }
    assertThat(ids("a")).containsExactly(3L);
    try (IcebergReplica replica = open()) {
      assertThat(replica.ensureTable(A, SETTINGS)).isEqualTo(EMPTY_LOAD);
      assertThat(replica.ensureTable(B, SETTINGS)).isEqualTo(new Frontier.NotLoaded());
    }
  }

  @Test
  void checkpointsFallDueByTimeAndByRowsAndIdlePositionsAtMostEachMinute() throws Exception {
    config = config(3, 4, Duration.ofSeconds(10));
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      assertThat(replica.position()).contains(ORIGIN);
      both(replica, 12, false); // the fourth row
      assertThat(replica.position()).contains(PostgresPosition.at(1200, 12));

      both(replica, 13, false);
      clock.pass(Duration.ofSeconds(9));
      replica.idle(PostgresPosition.at(1310, 13), 13);
      assertThat(replica.position()).contains(PostgresPosition.at(1200, 12));
      clock.pass(Duration.ofSeconds(1));
      replica.idle(PostgresPosition.at(1320, 13), 13);
      assertThat(replica.position()).contains(PostgresPosition.at(1320, 13));

      clock.pass(Duration.ofSeconds(59));
      replica.idle(PostgresPosition.at(1400, 13), 14);
      assertThat(replica.position()).contains(PostgresPosition.at(1320, 13));
      clock.pass(Duration.ofSeconds(1));
      replica.idle(PostgresPosition.at(1500, 13), 15);
      assertThat(replica.position()).contains(PostgresPosition.at(1500, 13));
    }
  }

  @Test
  void theSecondDaemonStopsTheFirst() throws Exception {
    try (IcebergReplica first = openLoaded()) {
      both(first, 11, false);
      first.checkpointNow();
      both(first, 12, false);
      try (IcebergReplica second = open()) {
        assertThat(second.epoch()).isEqualTo(first.epoch() + 1);
        assertThatThrownBy(first::checkpointNow)
            .isInstanceOfSatisfying(
                FirnException.class,
                e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.FENCED));
        assertThatThrownBy(() -> first.idle(PostgresPosition.at(1300, 12), 0))
            .isInstanceOf(IllegalStateException.class);
        ready(second);
        both(second, 12, false);
        second.checkpointNow();
      }
    }
    assertThat(ids("a")).containsExactly(11L, 12L);
  }

  @Test
  void aProcessOpensItsReplicaAgainButNotOneThatAnotherTookOver() throws Exception {
    Tenure first = new Tenure();
    Tenure second = new Tenure();
    open(first).close();
    try (IcebergReplica again = open(first)) {
      assertThat(again.epoch()).isEqualTo(2);
    }
    open(second).close();
    assertThatThrownBy(() -> open(first))
        .isInstanceOfSatisfying(
            FirnException.class, e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.FENCED))
        .hasMessageContaining("another Firn daemon took the replica over");
    try (IcebergReplica holder = open(second)) {
      assertThat(holder.epoch()).isEqualTo(4);
    }
  }

  @Test
  void theSecondDaemonStopsTheFirstAlsoWhereItMirrorsOtherTables() throws Exception {
    try (IcebergReplica first = openLoaded()) {
      both(first, 11, false);
      first.checkpointNow();
      both(first, 12, false);
      try (IcebergReplica second = open()) {
        second.attach("system 1", ORIGIN);
        assertThat(second.ensureTable(A, SETTINGS)).isEqualTo(EMPTY_LOAD);
        second.forgetOtherTables();
        assertThatThrownBy(first::checkpointNow)
            .isInstanceOfSatisfying(
                FirnException.class,
                e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.FENCED));
        onlyA(second, 12);
        second.checkpointNow();
      }
    }
    assertThat(ids("a")).containsExactly(11L, 12L);
    assertThat(ids("b")).as("nothing of the first's last checkpoint").containsExactly(11L);
    try (IcebergReplica third = open()) {
      assertThat(third.ensureTable(A, SETTINGS)).isEqualTo(EMPTY_LOAD);
      assertThat(third.ensureTable(B, SETTINGS)).isEqualTo(new Frontier.NotLoaded());
    }
  }

  @Test
  void aDroppedTableIsMadeAnewAndAnotherOneOfItsNameIsRefused() throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      replica.checkpointNow();
    }
    try (ReplicaCatalog other = ReplicaCatalog.open(catalog)) {
      other.catalog().dropTable(TableIdentifier.of("public", "a"), false);
    }
    try (IcebergReplica replica = open()) {
      assertThat(replica.ensureTable(A, SETTINGS)).isEqualTo(new Frontier.NotLoaded());
      assertThat(replica.ensureTable(B, SETTINGS)).isEqualTo(EMPTY_LOAD);
      try (TableLoad load = replica.beginLoad(A)) {
        load.commit(EMPTY_LOAD, ORIGIN);
      }
    }
    try (ReplicaCatalog other = ReplicaCatalog.open(catalog)) {
      other.catalog().dropTable(TableIdentifier.of("public", "b"), false);
      other.catalog().createTable(TableIdentifier.of("public", "b"), iceberg("a").schema());
    }
    assertThatThrownBy(this::open)
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.REPLICA_UNFIT))
        .hasMessageContaining("public.b is not the one that Firn made");
  }

  @Test
  void aReloadOfADroppedTableThatIsCutShortBeginsAgain() throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      replica.checkpointNow();
    }
    try (ReplicaCatalog other = ReplicaCatalog.open(catalog)) {
      other.catalog().dropTable(TableIdentifier.of("public", "a"), false);
    }
    for (int i = 0; i < 2; i++) {
      try (IcebergReplica replica = open()) {
        assertThat(replica.ensureTable(A, SETTINGS)).isEqualTo(new Frontier.NotLoaded());
      }
    }
    try (IcebergReplica replica = open()) {
      ready(replica);
      try (TableLoad load = replica.beginLoad(A)) {
        load.row(row(11, "a11"));
        load.commit(EMPTY_LOAD, ORIGIN);
      }
    }
    try (IcebergReplica replica = open()) {
      assertThat(replica.ensureTable(A, SETTINGS)).isEqualTo(EMPTY_LOAD);
    }
    assertThat(ids("a")).containsExactly(11L);
  }

  @Test
  void aLoadThatTheControlTableDoesNotKnowOfIsNotTrusted() throws Exception {
    catalog = oneByOne();
    TableSchema late = table("late", 3);
    IcebergReplica crashed = openLoaded();
    crashed.ensureTable(late, SETTINGS);
    CrashingCatalog.crashBefore(catalog.uri(), ControlTable.ID);
    try (TableLoad load = crashed.beginLoad(late)) {
      load.row(row(1, "one"));
      assertThatThrownBy(() -> load.commit(EMPTY_LOAD, ORIGIN))
          .isInstanceOf(CrashingCatalog.Crash.class);
    }
    assertThat(ids("late")).containsExactly(1L);
    // meanwhile it takes no part, and its transaction 11 passes
    try (IcebergReplica replica = open()) {
      ready(replica);
      both(replica, 11, false);
      replica.checkpointNow();
    }
    try (IcebergReplica replica = open()) {
      ready(replica);
      assertThat(replica.ensureTable(late, SETTINGS)).isEqualTo(new Frontier.NotLoaded());
      both(replica, 12, false);
      replica.checkpointNow();
    }
    try (IcebergReplica replica = open()) {
      assertThat(replica.ensureTable(late, SETTINGS)).isEqualTo(new Frontier.NotLoaded());
    }
  }

  /** Transaction {@code n} inserts n into table a, which alone takes part. */
  private void onlyA(IcebergReplica replica, long n) throws InterruptedException {
    replica.begin(new PostgresTransaction(n, OptionalLong.empty()));
    replica.insert(A, row(n, "a" + n));
    replica.commit(PostgresPosition.at(n * 100, n), n);
  }

  @Test
  void aTableThatWasLeftOutForAWhileIsLoadedAgain() throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      replica.checkpointNow();
    }
    try (IcebergReplica replica = open()) {
      replica.attach("system 1", ORIGIN);
      assertThat(replica.ensureTable(A, SETTINGS)).isEqualTo(EMPTY_LOAD);
      replica.forgetOtherTables();
      onlyA(replica, 12);
      replica.checkpointNow();
    }
    assertThat(ids("a")).containsExactly(11L, 12L);
    assertThat(ids("b")).containsExactly(11L);
    try (IcebergReplica replica = open()) {
      assertThat(replica.ensureTable(A, SETTINGS)).isEqualTo(EMPTY_LOAD);
      assertThat(replica.ensureTable(B, SETTINGS)).isEqualTo(new Frontier.NotLoaded());
      replica.forgetOtherTables();
      try (TableLoad load = replica.beginLoad(B)) {
        load.row(row(11, "b11"));
        load.row(row(12, "b12"));
        load.commit(
            new Frontier.LoadedAt(TransactionSnapshot.parse("13:13:")),
            PostgresPosition.at(1200, 12));
      }
      both(replica, 13, false);
    }
    try (IcebergReplica replica = open()) {
      ready(replica);
      replica.forgetOtherTables();
      both(replica, 13, false);
      replica.checkpointNow();
    }
    assertThat(ids("a")).containsExactly(11L, 12L, 13L);
    assertThat(ids("b")).containsExactly(11L, 12L, 13L);
  }

  @Test
  void aLayoutThatTheTableWasNotMadeWithIsRefused() throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      assertThatThrownBy(() ->
              replica.ensureTable(
                  A,
                  new TableSettings(
                      Optional.empty(), List.of(), List.of(new SortField("value", false)))))
          .isInstanceOfSatisfying(
              FirnException.class,
              e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.CONFIGURATION))
          .hasMessageContaining("sort-by of table public.a is [value]");
    }
  }

  @ParameterizedTest
  @CsvSource({"77, 9", "1, 10"})
  void aTableThatWasMadeAnewOrCameBackAtTheSourceIsLoadedAgain(long id, long membership)
      throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      replica.checkpointNow();
    }
    TableSchema another = table("a", id, membership);
    for (int i = 0; i < 2; i++) {
      try (IcebergReplica replica = open()) {
        assertThat(replica.ensureTable(another, SETTINGS)).isEqualTo(new Frontier.NotLoaded());
        assertThat(replica.ensureTable(B, SETTINGS)).isEqualTo(EMPTY_LOAD);
        replica.forgetOtherTables();
        replica.idle(PostgresPosition.at(1200 + i, 11), 0);
        replica.checkpointNow();
      }
    }
    try (IcebergReplica replica = open()) {
      replica.ensureTable(another, SETTINGS);
      replica.ensureTable(B, SETTINGS);
      try (TableLoad load = replica.beginLoad(another)) {
        load.row(row(5, "of the new one"));
        load.commit(EMPTY_LOAD, PostgresPosition.at(1300, 11));
      }
    }
    try (IcebergReplica replica = open()) {
      assertThat(replica.ensureTable(another, SETTINGS)).isEqualTo(EMPTY_LOAD);
    }
    assertThat(ids("a")).containsExactly(5L);
  }

  @Test
  void aCrashWhileTablesLeaveLosesNothing() throws Exception {
    catalog = oneByOne();
    IcebergReplica first = openLoaded();
    both(first, 11, false);
    first.checkpointNow();

    IcebergReplica crashed = open();
    crashed.ensureTable(A, SETTINGS);
    CrashingCatalog.crashBefore(catalog.uri(), TableIdentifier.of("public", "b"));
    assertThatThrownBy(crashed::forgetOtherTables).isInstanceOf(CrashingCatalog.Crash.class);
    try (IcebergReplica replica = open()) {
      // it has missed nothing
      assertThat(replica.ensureTable(B, SETTINGS)).isEqualTo(EMPTY_LOAD);
    }

    crashed = open();
    crashed.ensureTable(A, SETTINGS);
    CrashingCatalog.crashBefore(catalog.uri(), ControlTable.ID);
    assertThatThrownBy(crashed::forgetOtherTables).isInstanceOf(CrashingCatalog.Crash.class);
    try (IcebergReplica replica = open()) {
      assertThat(replica.position()).contains(PostgresPosition.at(1100, 11));
      assertThat(replica.ensureTable(A, SETTINGS)).isEqualTo(EMPTY_LOAD);
      assertThat(replica.ensureTable(B, SETTINGS)).isEqualTo(new Frontier.NotLoaded());
      try (TableLoad load = replica.beginLoad(B)) {
        load.row(row(11, "b11"));
        load.commit(EMPTY_LOAD, PostgresPosition.at(1100, 11));
      }
      both(replica, 12, false);
      replica.checkpointNow();
    }
    assertThat(ids("a")).containsExactly(11L, 12L);
    assertThat(ids("b")).containsExactly(11L, 12L);
  }

  /** Others roll table a back to its former snapshot, and expire the one that they left. */
  private void rollBackForGood() {
    others(
        "a",
        a -> {
          long last = a.currentSnapshot().snapshotId();
          a.manageSnapshots().rollbackTo(a.currentSnapshot().parentId()).commit();
          a.expireSnapshots().expireSnapshotId(last).commit();
        });
  }

  /** Others do something to a table. */
  private void others(String name, Consumer<Table> what) {
    try (ReplicaCatalog other = ReplicaCatalog.open(catalog)) {
      what.accept(other.catalog().loadTable(TableIdentifier.of("public", name)));
    }
  }

  /** Loads table a again as the source has it after transaction {@code n}; b goes on. */
  private void loadAAgain(IcebergReplica replica, long n, long... ids) throws Exception {
    assertThat(replica.ensureTable(A, SETTINGS)).isEqualTo(new Frontier.NotLoaded());
    assertThat(replica.ensureTable(B, SETTINGS)).isEqualTo(EMPTY_LOAD);
    replica.forgetOtherTables();
    try (TableLoad load = replica.beginLoad(A)) {
      for (long id : ids) {
        load.row(row(id, "a" + id));
      }
      load.commit(
          new Frontier.LoadedAt(TransactionSnapshot.parse((n + 1) + ":" + (n + 1) + ":")),
          PostgresPosition.at(n * 100, n));
    }
  }

  @Test
  void aTableRolledBackForGoodWhileFirnWasStoppedIsLoadedAgain() throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      replica.checkpointNow();
      both(replica, 12, false);
      replica.checkpointNow();
    }
    rollBackForGood();
    open().close(); // and is killed before the load
    try (IcebergReplica replica = open()) {
      loadAAgain(replica, 13, 11, 12, 13);
      both(replica, 13, false);
      replica.checkpointNow();
    }
    assertThat(ids("a")).containsExactly(11L, 12L, 13L);
    assertThat(ids("b")).containsExactly(11L, 12L, 13L);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aTableRolledBackForGoodWhileFirnRunsIsLoadedAgain(boolean withChanges) throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      replica.checkpointNow();
      both(replica, 12, false);
      replica.checkpointNow();
      rollBackForGood();
      if (withChanges) {
        both(replica, 13, false);
        assertLoadsAgain(replica::checkpointNow, "public.a was rolled back by others");
      } else {
        clock.pass(Duration.ofMinutes(1));
        assertLoadsAgain(
            () -> replica.idle(PostgresPosition.at(1250, 12), 0),
            "public.a was rolled back by others");
      }
      assertThat(replica.position()).contains(PostgresPosition.at(1200, 12));
    }
    try (IcebergReplica replica = open()) {
      assertThat(replica.position()).contains(PostgresPosition.at(1200, 12));
      loadAAgain(replica, 13, 11, 12, 13);
      both(replica, 13, false);
      replica.checkpointNow();
    }
    assertThat(ids("a")).containsExactly(11L, 12L, 13L);
    assertThat(ids("b")).containsExactly(11L, 12L, 13L);
  }

  private static void assertLoadsAgain(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String what) {
    assertThatThrownBy(call)
        .isInstanceOf(SourceReader.OutdatedStartException.class)
        .hasMessageContaining(what);
  }

  /** Checkpoint 12, and then others register table a again as it was before. */
  private void registerOlder(IcebergReplica replica) throws InterruptedException {
    TableIdentifier id = TableIdentifier.of("public", "a");
    try (ReplicaCatalog other = ReplicaCatalog.open(catalog)) {
      String older = other.operations(id).orElseThrow().current().metadataFileLocation();
      both(replica, 12, false);
      replica.checkpointNow();
      other.catalog().dropTable(id, false);
      other.catalog().registerTable(id, older);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aTableRegisteredAgainAsItWasBeforeIsLoadedAgain(boolean whileFirnRuns) throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      replica.checkpointNow();
      registerOlder(replica);
      if (whileFirnRuns) {
        clock.pass(Duration.ofMinutes(1));
        assertLoadsAgain(
            () -> replica.idle(PostgresPosition.at(1250, 12), 0),
            "public.a was rolled back by others");
      }
    }
    open().close(); // and is killed before the load
    try (IcebergReplica replica = open()) {
      loadAAgain(replica, 12, 11, 12);
    }
    try (IcebergReplica replica = open()) {
      assertThat(replica.ensureTable(A, SETTINGS)).isNotEqualTo(new Frontier.NotLoaded());
    }
    assertThat(ids("a")).containsExactly(11L, 12L);
  }

  @Test
  void whatOthersDoToQuietTablesIsNoticedWithinAMinute() throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      replica.checkpointNow();
      both(replica, 12, false);
      replica.checkpointNow();
      others("a", a -> a.manageSnapshots().rollbackTo(a.currentSnapshot().parentId()).commit());
      clock.pass(Duration.ofSeconds(59));
      replica.idle(PostgresPosition.at(1250, 12), 0);
      assertThat(ids("a")).containsExactly(11L);
      clock.pass(Duration.ofSeconds(1));
      replica.idle(PostgresPosition.at(1250, 12), 0);
      assertThat(ids("a")).containsExactly(11L, 12L);

      others("b", b -> b.newDelete().deleteFromRowFilter(Expressions.alwaysTrue()).commit());
      clock.pass(Duration.ofMinutes(1));
      replica.begin(new PostgresTransaction(13, OptionalLong.empty()));
      replica.insert(A, row(13, "a13"));
      assertThatThrownBy(() -> replica.commit(PostgresPosition.at(1300, 13), 13))
          .isInstanceOfSatisfying(
              FirnException.class,
              e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.REPLICA_UNFIT))
          .hasMessageContaining("public.b: snapshot")
          .hasMessageContaining("operation delete");
    }
  }

  @Test
  void aTableDroppedWhileFirnRunsIsMadeAnewAndLoadedAgain() throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      replica.checkpointNow();
      try (ReplicaCatalog other = ReplicaCatalog.open(catalog)) {
        other.catalog().dropTable(TableIdentifier.of("public", "a"), false);
      }
      clock.pass(Duration.ofMinutes(1));
      assertLoadsAgain(
          () -> replica.idle(PostgresPosition.at(1150, 11), 0), "public.a was dropped by others");
    }
    try (IcebergReplica replica = open()) {
      loadAAgain(replica, 12, 11, 12);
      both(replica, 12, false);
      replica.checkpointNow();
    }
    assertThat(ids("a")).containsExactly(11L, 12L);
    assertThat(ids("b")).containsExactly(11L, 12L);
  }

  @Test
  void aTableThatWasThereBeforeFirnIsLeftAlone() throws Exception {
    try (IcebergReplica replica = open()) {
      replica.ensureTable(A, SETTINGS);
      try (ReplicaCatalog other = ReplicaCatalog.open(catalog)) {
        other.catalog().createTable(TableIdentifier.of("public", "b"), iceberg("a").schema());
      }
      assertThatThrownBy(() -> replica.ensureTable(B, SETTINGS))
          .hasMessageContaining("does not belong to this replica");
    }
  }

  @Test
  void theRowsOfTheControlTableTellWhereEachTableStands() throws Exception {
    try (IcebergReplica replica = openLoaded()) {
      both(replica, 11, false);
      clock.pass(Duration.ofMinutes(1));
      replica.checkpointNow();
      both(replica, 12, false);
      replica.checkpointNow();
    }
    List<String> rows = new ArrayList<>();
    try (ReplicaCatalog fresh = ReplicaCatalog.open(catalog);
        CloseableIterable<Record> records =
            IcebergGenerics.read(fresh.catalog().loadTable(ControlTable.ID)).build()) {
      records.forEach(row ->
          rows.add(
              row.getField("source_schema")
                  + "."
                  + row.getField("source_table")
                  + " "
                  + row.getField("loaded")
                  + " "
                  + row.getField("position")));
    }
    assertThat(rows)
        .containsExactlyInAnyOrder("public.a true pg:0/44C:11", "public.b true pg:0/44C:11");
  }

  @Test
  void aMetadataFileThatTheBucketLacksIsNoOutage() throws Exception {
    openLoaded().close();
    String ofTable = deleteMetadata(IcebergTables.identifier(A.id()));
    assertUnfit(ofTable, "or drop the table from the catalog so that it is loaded again");
    String ofControl = deleteMetadata(ControlTable.ID);
    assertUnfit(ofControl, "and the replica's tables and control table in the catalog");
  }

  private String deleteMetadata(TableIdentifier id) {
    try (ReplicaCatalog opened = ReplicaCatalog.open(catalog)) {
      TableOperations table = opened.operations(id).orElseThrow();
      String location = table.current().metadataFileLocation();
      table.io().deleteFile(location);
      return location;
    }
  }

  private void assertUnfit(String location, String mend) {
    assertThatThrownBy(this::open)
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(FirnException.Kind.REPLICA_UNFIT);
              assertThat(e.mend()).startsWith("restore the object").contains(mend);
            })
        .hasMessageContaining(location);
  }
}
