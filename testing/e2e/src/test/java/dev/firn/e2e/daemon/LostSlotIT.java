package dev.firn.e2e.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.e2e.reader.EngineReader;
import dev.firn.e2e.reader.Engines;
import dev.firn.e2e.reader.ReplicaCatalog;
import dev.firn.e2e.reader.ReplicaComparison;
import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.LocalS3;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * A source that no longer has the log that the replica goes on from: Firn stops and says so, never
 * goes on at another place, and is back when one does what it says.
 */
@ExtendWith(Engines.Shared.class)
final class LostSlotIT {
  private static final int POSITION_LOST = 12;
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final String OBJECT_IN_USE = "55006";
  private static final int ATTEMPTS = 100;

  private static final String WAY_BACK =
      "load the replica again: drop the slot firn where it is still there, and the replica's"
          + " tables and control table in the catalog, run firn setup -c ";

  @TempDir Path folder;

  @Test
  void aSlotThatIsDroppedOrMadeAnewOrLostStopsTheDaemonAndTheWayBackWorks(Engines engines)
      throws Exception {
    int port = Source.freePort();
    Path logs = folder.resolve("logs");
    try (Source source = Source.start(folder, EmbeddedPostgres.NEWEST);
        Connection sql = source.connect()) {
      Path config = source.config(folder, port, "public.t");
      Lake lake = new Lake(source.catalog(folder), engines.trino(), logs, config, port);
      fill(sql);
      assertThat(FirnProcess.run(logs, "setup", "-c", config.toString())).isZero();

      try (FirnProcess firn = lake.run()) {
        firn.awaitReady(port, LIMIT);
        Source.execute(sql, "UPDATE t SET v = 'seen'");
        lake.awaitEqual(firn, sql);
        dropSlot(sql, "");
        assertLost(firn, "the replication slot firn is missing");
      }
      Source.execute(sql, "DELETE FROM t WHERE id = 1");
      Source.execute(sql, "UPDATE t SET v = 'missed' WHERE id = 2");
      lake.assertLost("the replication slot firn is missing");
      lake.wayBack(sql);

      try (FirnProcess firn = lake.run()) {
        firn.awaitReady(port, LIMIT);
        lake.awaitEqual(firn, sql);
        dropSlot(
            sql,
            "; SELECT pg_create_logical_replication_slot('firn', 'pgoutput', failover => true)");
        assertLost(firn, "the replication slot firn ");
      }
      Source.execute(sql, "DELETE FROM t WHERE id = 3");
      lake.assertLost("beyond the replica's position");
      lake.assertLost("dropped and made again, and the changes between are gone");
      lake.wayBack(sql);

      try (FirnProcess firn = lake.run()) {
        firn.awaitReady(port, LIMIT);
        lake.awaitEqual(firn, sql);
        assertThat(lake.printed("status")).containsPattern("Slot firn: reserved, keeps .* in use");
        firn.kill();
      }
      Source.execute(sql, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
      Source.execute(sql, "SELECT pg_reload_conf()");
      Source.execute(
          sql, "INSERT INTO t SELECT g, repeat('x', 99) FROM generate_series(1000, 90000) g");
      assertThat(lake.printed("status"))
          .containsPattern("Slot firn: (un)?reserved, keeps [0-9.]+ MB of log, not in use");
      for (int i = 0; i < 6; i++) {
        Source.execute(sql, "SELECT pg_switch_wal()");
        Source.execute(sql, "DELETE FROM t WHERE id = " + (1000 + i));
      }
      Source.execute(sql, "CHECKPOINT");
      assertThat(lake.printed("status")).contains("Slot firn: lost, ");
      lake.assertLost(
          "is lost: the server no longer keeps the log that it needs (max_slot_wal_keep_size");
    }
  }

  @Test
  void aFailoverThatLostNothingIsFollowedAndAnotherOrAnOldBackupIsRefused(Engines engines)
      throws Exception {
    int http = Source.freePort();
    Path primary = folder.resolve("primary");
    Path safe = folder.resolve("safe");
    Path behind = folder.resolve("behind");
    Path backup = folder.resolve("backup");
    try (LocalS3 s3 = LocalS3.start(folder.resolve("s3"), 0, "lake")) {
      ReplicaCatalog catalog =
          ReplicaCatalog.onSqlite(
              Source.catalogName(), folder.resolve("catalog.db"), "s3://lake/failover", s3);
      int port;
      try (EmbeddedPostgres made = EmbeddedPostgres.start(primary, 0);
          Connection sql = made.connect("postgres")) {
        port = made.port();
        Lake lake = lake(catalog, engines, made, http);
        fill(sql);
        assertThat(FirnProcess.run(lake.logs(), "setup", "-c", lake.config().toString())).isZero();
        try (FirnProcess firn = lake.run()) {
          firn.awaitReady(http, LIMIT);
          assertThat(firn.terminate()).as(firn.log()).isZero();
        }
        Source.execute(sql, "SELECT pg_create_physical_replication_slot('safe')");
        Source.execute(sql, "SELECT pg_create_physical_replication_slot('behind')");
      }
      copy(primary, backup);
      standby(primary, safe, port);
      standby(primary, behind, port);

      // before its standbys, which otherwise take a minute to find it
      EmbeddedPostgres server = EmbeddedPostgres.start(primary, port);
      try (EmbeddedPostgres first = EmbeddedPostgres.start(safe, 0);
          Connection safely = first.connect("postgres");
          EmbeddedPostgres second = EmbeddedPostgres.start(behind, 0);
          Connection late = second.connect("postgres")) {
        Lake before = lake(catalog, engines, server, http);
        try (server;
            Connection sql = server.connect("postgres");
            FirnProcess firn = before.run()) {
          firn.awaitReady(http, LIMIT);
          for (Connection standby : List.of(safely, late)) {
            firn.await(
                LIMIT,
                () -> {
                  Source.execute(sql, "UPDATE t SET v = v || '.' WHERE id = 1");
                  Source.execute(sql, "SELECT pg_log_standby_snapshot()");
                  return Source.number(
                          standby,
                          "SELECT count(*) FROM pg_replication_slots"
                              + " WHERE slot_name = 'firn' AND synced AND NOT temporary")
                      == 1;
                });
          }
          set(sql, "synchronized_standby_slots", "safe");
          set(late, "sync_replication_slots", "off");
          set(late, "primary_conninfo", "");
          firn.await(
              LIMIT, () -> Source.number(late, "SELECT count(*) FROM pg_stat_wal_receiver") == 0);
          // more than the restored copy writes at once
          Source.execute(
              sql, "INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(100, 1099) g");
          Source.execute(sql, "UPDATE t SET v = 'not on every standby' WHERE id < 10");
          Source.execute(sql, "DELETE FROM t WHERE id = 2");
          before.awaitEqual(firn, sql);
          firn.kill();
        }

        promote(late);
        Source.execute(late, "SELECT pg_switch_wal()");
        Source.execute(late, "UPDATE t SET v = 'another history'");
        lake(catalog, engines, second, http)
            .assertLost("a failover lost commits that the replica has");

        try (EmbeddedPostgres restored = EmbeddedPostgres.start(backup, 0);
            Connection sql = restored.connect("postgres")) {
          Lake lake = lake(catalog, engines, restored, http);
          lake.assertLost("it was restored from a backup");
          // once it is further than the replica only its transactions tell
          Source.execute(sql, "UPDATE t SET v = 'restored' WHERE id = 4");
          Source.execute(sql, "SELECT pg_switch_wal()");
          Source.execute(sql, "UPDATE t SET v = 'and changed'");
          lake.assertLost("the server was restored from an older copy");
        }

        promote(safely);
        Source.execute(safely, "INSERT INTO t VALUES (50, 'after')");
        Source.execute(safely, "DELETE FROM t WHERE id = 3");
        Lake lake = lake(catalog, engines, first, http);
        try (FirnProcess firn = lake.run()) {
          firn.awaitReady(http, LIMIT);
          lake.awaitEqual(firn, safely);
          assertThat(firn.terminate()).as(firn.log()).isZero();
          assertThat(firn.log()).doesNotContain("first copy begins");
        }
      }
    }
  }

  private Lake lake(ReplicaCatalog catalog, Engines engines, EmbeddedPostgres source, int http)
      throws IOException {
    return new Lake(
        catalog,
        engines.trino(),
        folder.resolve("logs"),
        config(catalog, source.port(), http),
        http);
  }

  private Path config(ReplicaCatalog catalog, int port, int http) throws IOException {
    return new ConfigFile(
            "postgresql://postgres@127.0.0.1:" + port + "/postgres",
            "postgres",
            catalog,
            ConfigFile.FORMAT_3,
            "1s",
            List.of("public.t"),
            http)
        .write(folder);
  }

  private static void fill(Connection sql) throws SQLException {
    Source.execute(sql, "CREATE TABLE t (id bigint PRIMARY KEY, v text)");
    Source.execute(sql, "INSERT INTO t SELECT g, 'v' FROM generate_series(1, 9) g");
  }

  private static void set(Connection sql, String setting, String value) throws SQLException {
    Source.execute(sql, "ALTER SYSTEM SET " + setting + " = '" + value + "'");
    Source.execute(sql, "SELECT pg_reload_conf()");
  }

  private static void promote(Connection standby) throws SQLException {
    assertThat(Source.number(standby, "SELECT pg_promote()::int")).isOne();
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> paths = Files.walk(from)) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        Files.copy(
            path, to.resolve(from.relativize(path).toString()), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  /** A standby as pg_basebackup makes it, called as its slot at the primary. */
  private static void standby(Path primary, Path folder, int port) throws IOException {
    copy(primary, folder);
    Path slots = folder.resolve("pg_replslot");
    try (Stream<Path> paths = Files.walk(slots)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        if (!path.equals(slots)) {
          Files.delete(path);
        }
      }
    }
    Files.createFile(folder.resolve("standby.signal"));
    Files.write(
        folder.resolve("postgresql.auto.conf"),
        List.of(
            "primary_conninfo = 'host=127.0.0.1 port="
                + port
                + " user=postgres password=postgres dbname=postgres'",
            "primary_slot_name = '" + folder.getFileName() + "'",
            "hot_standby_feedback = on",
            "sync_replication_slots = on"),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  /** Takes the slot from whoever uses it, and drops it before it is taken up again. */
  private static void dropSlot(Connection sql, String andThen) throws SQLException {
    for (int i = 0; i < ATTEMPTS; i++) {
      try {
        Source.execute(
            sql,
            "SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots"
                + " WHERE slot_name = 'firn' AND active; SELECT pg_drop_replication_slot('firn')"
                + andThen);
        return;
      } catch (SQLException e) {
        if (!OBJECT_IN_USE.equals(e.getSQLState())) {
          throw e;
        }
      }
    }
    throw new SQLException("the slot is taken up again each time");
  }

  private static void assertLost(FirnProcess firn, String what) throws Exception {
    assertThat(firn.awaitExit()).as(firn.log()).isEqualTo(POSITION_LOST);
    assertThat(firn.log()).contains(what, WAY_BACK).doesNotContain("\tat ");
  }

  /** A replica, and the Firn that writes it. */
  private record Lake(
      ReplicaCatalog catalog, EngineReader engine, Path logs, Path config, int port) {
    FirnProcess run() throws IOException {
      return FirnProcess.start(logs, "run", "-c", config.toString());
    }

    void assertLost(String what) throws Exception {
      try (FirnProcess firn = run()) {
        LostSlotIT.assertLost(firn, what);
      }
    }

    String printed(String command) throws Exception {
      try (FirnProcess firn = FirnProcess.start(logs, command, "-c", config.toString())) {
        assertThat(firn.awaitExit()).as(firn.log()).isZero();
        return firn.log();
      }
    }

    void awaitEqual(FirnProcess firn, Connection source) throws Exception {
      engine.open(catalog);
      firn.await(
          LIMIT,
          () ->
              ReplicaComparison.compare(source, "public", "t", engine, catalog)
                  .differences()
                  .isEmpty());
    }

    /** What the message says, step by step; the start is the caller's. */
    void wayBack(Connection sql) throws Exception {
      Source.execute(
          sql,
          "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
              + " WHERE slot_name = 'firn'");
      try (JdbcCatalog iceberg = new JdbcCatalog()) {
        iceberg.initialize(catalog.name(), catalog.icebergProperties());
        assertThat(iceberg.dropTable(TableIdentifier.of("public", "t"))).isTrue();
        assertThat(iceberg.dropTable(TableIdentifier.of("firn", "firn_replica"))).isTrue();
      }
      assertThat(FirnProcess.run(logs, "setup", "-c", config.toString())).isZero();
    }
  }
}
