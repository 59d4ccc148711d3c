package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
import dev.firn.change.fault.Failpoint;
import dev.firn.e2e.daemon.ConfigFile;
import dev.firn.e2e.daemon.FirnProcess;
import dev.firn.e2e.daemon.Mirror;
import dev.firn.e2e.reader.EngineReader;
import dev.firn.e2e.reader.Engines;
import dev.firn.e2e.reader.ReplicaComparison;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What is large, or comes faster than it can be written, passes with the heap that Firn has. */
@ExtendWith(Engines.Shared.class)
final class BoundedIT {
  /** Gets a line for each time that memory was looked at. */
  private static final Path REPORT = Path.of("target", "bounded-memory.txt");

  /** Of a process of 1 GiB of heap, with what Java needs beside it. */
  private static final long MOST_BYTES = 1600L << 20;

  /** As the launcher starts it. */
  private static final List<String> LAUNCHED =
      List.of("-Xmx1g", "-XX:+UseParallelGC", "-XX:+ExitOnOutOfMemoryError");

  private static final int ROW_TOO_LARGE = 31;
  private static final int GIANT_ROWS = Extent.FULL ? 2_000_000 : 250_000;
  private static final Duration LIMIT = Duration.ofMinutes(5);

  private static final String TOUCHED = "touched (id int PRIMARY KEY, n int)";
  private static final String TOUCH = "UPDATE touched SET n = n + 1";

  @Test
  void aGiantTransactionThatIsSentAgainIsNeitherHeldNorDoubled(
      @TempDir Path folder, Engines engines) throws Exception {
    Mirror.Tables tables =
        new Mirror.Tables(
            "public",
            List.of("giant", "touched"),
            List.of("public.*"),
            source ->
                execute(
                    source,
                    "CREATE TABLE giant (id bigint PRIMARY KEY, n int NOT NULL, s text)",
                    "CREATE TABLE " + TOUCHED,
                    "INSERT INTO touched VALUES (1, 0)",
                    "INSERT INTO giant VALUES (-1, 0, 'first')"),
            TOUCH);
    List<String> statements = new ArrayList<>();
    statements.add(
        "INSERT INTO giant SELECT g, 0, 'row ' || g || repeat('x', 60) FROM generate_series(1, "
            + GIANT_ROWS
            + ") g");
    if (Extent.FULL) {
      statements.add("UPDATE giant SET n = n + 1");
    }
    statements.add("DELETE FROM giant WHERE id % 3 = 0");
    try (Mirror mirror = Mirror.start(folder, setting(tables))) {
      Path reached = folder.resolve("reached");
      runUntilCaughtUp(mirror, "load");
      List<Failpoint> kills = List.of(Failpoint.ACKNOWLEDGEMENT_DUE, Failpoint.POSITION_RECORDED);
      for (int i = 0; i < statements.size(); i++) {
        execute(mirror, statements.get(i));
        // Firn has recorded it and has not said so: the server sends it once more
        List<String> options = new ArrayList<>(LAUNCHED);
        options.addAll(Armed.at(kills.get(i % kills.size()).name(), reached));
        try (FirnProcess firn = mirror.run(surroundings(options))) {
          firn.await(LIMIT, () -> Files.exists(reached));
          tell("giant " + i, firn);
          firn.kill();
          Files.deleteIfExists(reached);
        }
        runUntilCaughtUp(mirror, "giant " + i + " again");
      }
      assertEqual(mirror, engines.trino(), "giant");
    }
  }

  @Test
  void valuesOf64MegabytesPassAndALargerRowStopsTheDaemonBeforeIt(
      @TempDir Path folder, Engines engines) throws Exception {
    Mirror.Tables tables =
        new Mirror.Tables(
            "public",
            List.of("large", "touched"),
            List.of("public.*"),
            source ->
                execute(
                    source,
                    "CREATE TABLE large (id int PRIMARY KEY, n int NOT NULL, v text)",
                    "CREATE TABLE " + TOUCHED,
                    "INSERT INTO touched VALUES (1, 0)",
                    "INSERT INTO large VALUES (0, 0, 'small')",
                    large(1),
                    large(2)),
            TOUCH);
    try (Mirror mirror = Mirror.start(folder, setting(tables))) {
      try (FirnProcess firn = mirror.run(surroundings(LAUNCHED))) {
        mirror.awaitCaughtUp(firn);
        tell("copy of 64 MB values", firn);
        int more = Extent.FULL ? 12 : 3;
        List<String> inserts = new ArrayList<>();
        for (int id = 3; id < 3 + more; id++) {
          inserts.add(large(id));
        }
        execute(mirror, inserts.toArray(String[]::new));
        mirror.awaitCaughtUp(firn);
        tell("inserts of 64 MB values", firn);
        transaction(mirror, "UPDATE large SET n = 1 WHERE id IN (1, 3, 4)");
        mirror.awaitCaughtUp(firn);
        tell("updates beside 64 MB values", firn);
        transaction(
            mirror,
            "UPDATE large SET id = id + 1000 WHERE id IN (2, 4)",
            "DELETE FROM large WHERE id = 1");
        mirror.awaitCaughtUp(firn);
        tell("changed keys of 64 MB values", firn);

        execute(mirror, "INSERT INTO large VALUES (100, 0, 'before')");
        transaction(mirror, "INSERT INTO large VALUES (101, 0, repeat('x', 70000000))");
        assertThat(firn.awaitExit()).as(firn.log()).isEqualTo(ROW_TOO_LARGE);
        assertThat(firn.log()).contains("public.large, row id=101", "70000048 bytes", "67108864");
      }
      String latest = "SELECT count(*) FROM large WHERE id >= 100 AND id < 1000";
      engines.spark().open(mirror.catalog());
      assertThat(
              engines
                  .spark()
                  .rows(latest.replace("large", largeBy(engines.spark(), mirror)))
                  .getFirst()
                  .getFirst())
          .as("what came before it is there")
          .isEqualTo("1");
      try (FirnProcess firn = mirror.run(surroundings(LAUNCHED))) {
        assertThat(firn.awaitExit()).as("it is still there").isEqualTo(ROW_TOO_LARGE);
      }
      Path config = folder.resolve("firn.yaml");
      Files.writeString(
          config,
          Files.readString(config).replace("  readers:", "  max-row-bytes: 80MiB\n  readers:"));
      runUntilCaughtUp(mirror, "a row of 70 MB");

      assertSameDigests(mirror, engines.spark());
    }
  }

  @Test
  void aSlowStoreHoldsTheStreamBack(@TempDir Path folder, Engines engines) throws Exception {
    int heapMegabytes = 320;
    int rounds = Extent.FULL ? 40 : 16;
    Mirror.Tables tables =
        new Mirror.Tables(
            "public",
            List.of("busy", "touched"),
            List.of("public.*"),
            source ->
                execute(
                    source,
                    "CREATE TABLE busy (id bigint PRIMARY KEY, s text)",
                    "CREATE TABLE " + TOUCHED,
                    "INSERT INTO touched VALUES (1, 0)",
                    "INSERT INTO busy VALUES (-1, 'first')"),
            TOUCH);
    try (Mirror mirror = Mirror.start(folder, setting(tables));
        FirnProcess firn =
            mirror.run(
                surroundings(
                    List.of(
                        "-Xmx" + heapMegabytes + "m",
                        "-XX:+UseParallelGC",
                        "-XX:+ExitOnOutOfMemoryError")))) {
      mirror.awaitCaughtUp(firn);
      mirror.network().store().delay(Duration.ofMillis(400));
      // each round is about 25 MB of log: together more than the heap
      for (int round = 0; round < rounds; round++) {
        execute(
            mirror,
            "INSERT INTO busy SELECT g, repeat(md5(g::text), 30) FROM generate_series("
                + (round * 20_000L)
                + ", "
                + (round * 20_000L + 19_999)
                + ") g");
        firn.requireAlive();
        if (round % 5 == 0) {
          tell("slow store, round " + round, firn);
        }
      }
      long waiting = retained(mirror);
      Backoff.pause(Duration.ofSeconds(5));
      tell("slow store, " + (retained(mirror) >> 20) + " MiB of log wait", firn);
      assertThat(waiting).as("the source keeps what waits").isGreaterThan(100L << 20);
      mirror.network().store().restore();
      mirror.awaitCaughtUp(firn);
      tell("slow store, over", firn);
      assertThat(firn.terminate()).as(firn.log()).isZero();
      assertEqual(mirror, engines.trino(), "busy");
    }
  }

  private static Mirror.Setting setting(Mirror.Tables tables) {
    return new Mirror.Setting(18, ConfigFile.FORMAT_3, tables, "2s", Mirror.CatalogKind.POSTGRES);
  }

  private static FirnProcess.Surroundings surroundings(List<String> options) {
    return new FirnProcess.Surroundings(options, Duration.ZERO);
  }

  private static void runUntilCaughtUp(Mirror mirror, String what) throws Exception {
    try (FirnProcess firn = mirror.run(surroundings(LAUNCHED))) {
      mirror.awaitCaughtUp(firn);
      tell(what, firn);
      assertThat(firn.terminate()).as(firn.log()).isZero();
    }
  }

  private static void tell(String what, FirnProcess firn) throws Exception {
    long peakBytes = firn.peakBytes();
    Files.writeString(
        REPORT,
        what + ": " + (peakBytes >> 20) + " MiB\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
    assertThat(peakBytes).as(what).isLessThan(MOST_BYTES);
  }

  /** A row with a text of 64,000,000 bytes: one kind of text after another. */
  private static String large(int id) {
    String text =
        switch (id % 4) {
          case 0 -> "repeat('0123456789', 6400000)";
          case 1 ->
              "(SELECT string_agg(md5((g + "
                  + id
                  + ")::text), '')"
                  + " FROM generate_series(1, 2000000) g)";
          case 2 -> "repeat('é', 32000000)";
          default -> "'é' || repeat('abcdefghi ', 6399999) || '12345678'";
        };
    return "INSERT INTO large SELECT " + id + ", 0, " + text;
  }

  private static String largeBy(EngineReader engine, Mirror mirror) {
    return engine.table(mirror.catalog(), "public", "large");
  }

  private static void assertSameDigests(Mirror mirror, EngineReader engine) throws Exception {
    List<String> theirs = new ArrayList<>();
    try (Connection source = mirror.postgres().connect(Mirror.DATABASE);
        Statement statement = source.createStatement();
        ResultSet rows =
            statement.executeQuery("SELECT id, n, char_length(v), md5(v) FROM large ORDER BY id")) {
      while (rows.next()) {
        theirs.add(
            String.format(
                Locale.ROOT,
                "[%s, %s, %s, %s]",
                rows.getString(1),
                rows.getString(2),
                rows.getString(3),
                rows.getString(4)));
      }
    }
    List<String> ours = new ArrayList<>();
    engine
        .rows("SELECT id, n, length(v), md5(v) FROM " + largeBy(engine, mirror) + " ORDER BY id")
        .forEach(row -> ours.add(row.toString()));
    assertThat(ours).isEqualTo(theirs);
  }

  private static void assertEqual(Mirror mirror, EngineReader engine, String table)
      throws Exception {
    engine.open(mirror.catalog());
    try (Connection source = mirror.postgres().connect(Mirror.DATABASE)) {
      ReplicaComparison comparison =
          ReplicaComparison.compare(source, "public", table, engine, mirror.catalog());
      assertThat(comparison.differences()).isEmpty();
      assertThat(comparison.rows()).isPositive();
    }
  }

  private static long retained(Mirror mirror) throws SQLException {
    try (Connection source = mirror.postgres().connect(Mirror.DATABASE);
        Statement statement = source.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT pg_current_wal_lsn() - confirmed_flush_lsn FROM pg_replication_slots"
                    + " WHERE slot_name = 'firn'")) {
      row.next();
      return row.getLong(1);
    }
  }

  private static void execute(Mirror mirror, String... statements) throws SQLException {
    try (Connection source = mirror.postgres().connect(Mirror.DATABASE)) {
      execute(source, statements);
    }
  }

  private static void transaction(Mirror mirror, String... statements) throws SQLException {
    try (Connection source = mirror.postgres().connect(Mirror.DATABASE)) {
      source.setAutoCommit(false);
      execute(source, statements);
      source.commit();
    }
  }

  private static void execute(Connection source, String... statements) throws SQLException {
    try (Statement statement = source.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }
}
