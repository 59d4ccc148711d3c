package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Failpoint;
import dev.firn.e2e.daemon.Bank;
import dev.firn.e2e.daemon.ConfigFile;
import dev.firn.e2e.daemon.FirnProcess;
import dev.firn.e2e.daemon.Mirror;
import dev.firn.e2e.reader.EngineReader;
import dev.firn.e2e.reader.Engines;
import dev.firn.e2e.reader.PyIceberg;
import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.TableMetadataParser;
import org.apache.iceberg.io.FileIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Readers see one state of several tables: those that take all pointers at one instant where the
 * catalog moves them at one instant, and those that pin all tables to one completed checkpoint on
 * any catalog, also between two tables' commits and after a crash there.
 */
@ExtendWith(Engines.Shared.class)
final class OneStateIT {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final int POLLS = Extent.FULL ? 100 : 12;

  private static final Path DOCUMENT = Path.of("..", "..", "docs", "one-state.md");
  private static final Pattern PYTHON = Pattern.compile("```python\\n(.*?)```", Pattern.DOTALL);

  /** The commits before belong to the start and the first copy. */
  private static final int HIT = 20;

  /** Two tables and the control table. */
  private static final int COMMITS_PER_CHECKPOINT = 3;

  /** So many times the daemon waits after a table's commit. */
  private static final int STANDS = 3 * COMMITS_PER_CHECKPOINT;

  @Test
  void tablesPinnedToOneCompletedCheckpointShowOneState(@TempDir Path folder, Engines engines)
      throws Exception {
    Path reached = folder.resolve("reached");
    try (Mirror mirror = start(folder, Mirror.CatalogKind.POSTGRES_ONE_BY_ONE);
        Bank bank = Bank.start(mirror.postgres(), Extent.SEED)) {
      for (EngineReader engine : engines.all()) {
        engine.open(mirror.catalog());
      }
      int straddled = 0;
      try (FirnProcess firn = mirror.run(waitingAfterEachTable(reached));
          PyIceberg python = python(folder, mirror)) {
        for (int stand = 0; stand < STANDS; stand++) {
          firn.await(LIMIT, () -> Files.exists(reached));
          boolean broken = true;
          for (EngineReader engine : engines.all()) {
            assertThat(pinnedSum(engine, mirror)).as(engine.name()).isEqualTo(Bank.SUM);
            broken &= currentSum(engine, mirror) != Bank.SUM;
          }
          assertPinnedSum(python);
          straddled += broken ? 1 : 0;
          if (broken && stand >= STANDS - COMMITS_PER_CHECKPOINT) {
            break; // it is killed between two tables' commits
          }
          Files.delete(reached);
        }
        firn.kill();
      }
      assertThat(straddled).as("what tables that are not pinned showed").isPositive();
      try (FirnProcess firn = mirror.run(FirnProcess.Surroundings.ORDINARY);
          PyIceberg python = python(folder, mirror)) {
        for (int i = 0; i < POLLS; i++) {
          assertPinnedSum(python);
          for (EngineReader engine : engines.all()) {
            assertThat(pinnedSum(engine, mirror)).as(engine.name()).isEqualTo(Bank.SUM);
          }
        }
        bank.stop();
        mirror.awaitCaughtUp(firn);
        assertThat(firn.terminate()).as(firn.log()).isZero();
      }
      assertThat(mirror.differencesBy(engines)).isEmpty();
    }
  }

  @Test
  void pointersReadInOneStatementShowOneState(@TempDir Path folder, Engines engines)
      throws Exception {
    try (Mirror mirror = start(folder, Mirror.CatalogKind.POSTGRES);
        Bank bank = Bank.start(mirror.postgres(), Extent.SEED);
        FirnProcess firn = mirror.run(FirnProcess.Surroundings.ORDINARY);
        Connection catalog =
            DriverManager.getConnection(
                mirror.catalog().uri(), mirror.catalog().user(), mirror.catalog().password());
        FileIO io =
            CatalogUtil.loadFileIO(
                "org.apache.iceberg.aws.s3.S3FileIO", mirror.catalog().fileIoProperties(), null)) {
      EngineReader trino = engines.trino();
      trino.open(mirror.catalog());
      mirror.awaitCaughtUp(firn);
      for (int i = 0; i < POLLS; i++) {
        long sum = 0;
        for (Map.Entry<String, Long> table : snapshotsAtOnce(catalog, io, mirror).entrySet()) {
          sum += sumAt(trino, mirror, table.getKey(), table.getValue());
        }
        assertThat(sum).isEqualTo(Bank.SUM);
      }
      bank.stop();
      assertThat(firn.terminate()).as(firn.log()).isZero();
    }
  }

  @Test
  void tablesReadAtOneHashOfNessieShowOneState(@TempDir Path folder, Engines engines)
      throws Exception {
    Path reached = folder.resolve("reached");
    try (Mirror mirror = start(folder, Mirror.CatalogKind.NESSIE);
        Bank bank = Bank.start(mirror.postgres(), Extent.SEED)) {
      for (EngineReader engine : engines.all()) {
        engine.open(mirror.catalog());
      }
      for (Failpoint where :
          Extent.of(
              List.of(
                  Failpoint.COMMIT_DONE,
                  Failpoint.COMMIT_DUE,
                  Failpoint.SNAPSHOT_STAGED,
                  Failpoint.POSITION_RECORDED,
                  Failpoint.TABLES_FENCED),
              1)) {
        try (FirnProcess firn = mirror.run(standingAt(where, reached))) {
          firn.await(LIMIT, () -> Files.exists(reached));
          firn.kill();
        }
        assertOneStateAtHash(engines, mirror, where.toString());
        Files.delete(reached);
      }
      try (FirnProcess firn = mirror.run(standingAt(Failpoint.COMMIT_DUE, reached))) {
        firn.await(LIMIT, () -> Files.exists(reached));
        mirror.network().catalog().swallowAnswers();
        Files.delete(reached);
        assertThat(mirror.network().catalog().awaitSwallowed(LIMIT)).isTrue();
        mirror.network().catalog().interrupt();
        mirror.network().catalog().restore();
        for (int i = 0; i < POLLS; i++) {
          assertOneStateAtHash(engines, mirror, "while it is written");
        }
        bank.stop();
        mirror.awaitCaughtUp(firn);
        assertThat(firn.terminate()).as(firn.log()).isZero();
        assertThat(firn.log()).contains("whether it is committed is not known; reading back");
      }
      assertThat(mirror.differencesBy(engines)).isEmpty();
      try (FirnProcess doctor = mirror.command("doctor");
          FirnProcess status = mirror.command("status")) {
        assertThat(doctor.awaitExit()).as(doctor.log()).isZero();
        assertThat(doctor.log()).contains("at one instant, in one commit of Nessie");
        assertThat(status.awaitExit()).as(status.log()).isZero();
      }
    }
  }

  private static FirnProcess.Surroundings standingAt(Failpoint where, Path reached) {
    return new FirnProcess.Surroundings(
        Armed.at(where + (where == Failpoint.TABLES_FENCED ? "" : "@" + HIT), reached),
        Duration.ZERO);
  }

  private static void assertOneStateAtHash(Engines engines, Mirror mirror, String when)
      throws Exception {
    for (EngineReader engine : engines.all()) {
      String at = "#" + mirror.nessie().hash("main");
      String completed =
          "SELECT "
              + summary(engine, "firn.completed")
              + " FROM "
              + metadataTable(engine, mirror, "firn", "firn_replica" + at);
      assertThat(engine.rows(completed)).as(engine.name()).containsExactly(List.of("true"));
      long sum = 0;
      for (String table : mirror.tables().names()) {
        sum += number(engine, "SELECT sum(amount) FROM " + table(engine, mirror, table + at));
      }
      assertThat(sum).as("%s, %s", engine.name(), when).isEqualTo(Bank.SUM);
    }
  }

  private static Mirror start(Path folder, Mirror.CatalogKind catalog) throws Exception {
    return Mirror.start(
        folder,
        new Mirror.Setting(
            EmbeddedPostgres.NEWEST, ConfigFile.FORMAT_3, Bank.TABLES, "200ms", catalog));
  }

  private static FirnProcess.Surroundings waitingAfterEachTable(Path reached) {
    return new FirnProcess.Surroundings(
        Armed.at(
            Failpoint.COMMIT_HALF + "@" + HIT + ("," + Failpoint.COMMIT_HALF).repeat(STANDS - 1),
            reached),
        Duration.ZERO);
  }

  /** The lines for PyIceberg as the document gives them, with the bank's tables in it. */
  private static PyIceberg python(Path folder, Mirror mirror) throws Exception {
    String document = Files.readString(DOCUMENT);
    Matcher lines = PYTHON.matcher(document);
    assertThat(lines.find()).as("Python in %s", DOCUMENT).isTrue();
    return PyIceberg.start(
        folder,
        mirror.catalog(),
        lines
            .group(1)
            .replace("public.orders", "bank.savings")
            .replace("public.payments", "bank.spendings"));
  }

  private static void assertPinnedSum(PyIceberg python) throws Exception {
    assertThat(python.valueAfter("sum(sum(t['amount'].to_pylist()) for t in (orders, payments))"))
        .as("PyIceberg")
        .isEqualTo(Long.toString(Bank.SUM));
  }

  private static long pinnedSum(EngineReader engine, Mirror mirror) throws Exception {
    long checkpoint =
        number(
            engine,
            "SELECT max(CAST("
                + summary(engine, "firn.checkpoint")
                + " AS bigint)) FROM "
                + metadataTable(engine, mirror, "firn", "firn_replica")
                + " WHERE "
                + summary(engine, "firn.completed")
                + " = 'true'");
    long sum = 0;
    for (String table : mirror.tables().names()) {
      long snapshot =
          number(
              engine,
              "SELECT snapshot_id FROM "
                  + metadataTable(engine, mirror, mirror.tables().schema(), table)
                  + " WHERE CAST("
                  + summary(engine, "firn.checkpoint")
                  + " AS bigint) <= "
                  + checkpoint
                  + " ORDER BY committed_at DESC LIMIT 1");
      sum += sumAt(engine, mirror, table, snapshot);
    }
    return sum;
  }

  private static long currentSum(EngineReader engine, Mirror mirror) throws Exception {
    long sum = 0;
    for (String table : mirror.tables().names()) {
      sum += number(engine, "SELECT sum(amount) FROM " + table(engine, mirror, table));
    }
    return sum;
  }

  private static long sumAt(EngineReader engine, Mirror mirror, String table, long snapshot)
      throws Exception {
    boolean trino = engine.name().equals("Trino");
    return number(
        engine,
        "SELECT sum(amount) FROM "
            + table(engine, mirror, table)
            + (trino ? " FOR VERSION AS OF " : " VERSION AS OF ")
            + snapshot);
  }

  private static String table(EngineReader engine, Mirror mirror, String table) {
    return engine.table(mirror.catalog(), mirror.tables().schema(), table);
  }

  private static String metadataTable(
      EngineReader engine, Mirror mirror, String schema, String table) {
    return engine.name().equals("Trino")
        ? engine.table(mirror.catalog(), schema, table + "$snapshots")
        : engine.table(mirror.catalog(), schema, table) + ".snapshots";
  }

  private static String summary(EngineReader engine, String key) {
    return engine.name().equals("Trino")
        ? String.format(Locale.ROOT, "element_at(summary, '%s')", key)
        : String.format(Locale.ROOT, "summary['%s']", key);
  }

  private static long number(EngineReader engine, String sql) throws Exception {
    return Long.parseLong(String.valueOf(engine.rows(sql).getFirst().getFirst()));
  }

  /** By table, as one statement reads the pointers. */
  private static Map<String, Long> snapshotsAtOnce(Connection catalog, FileIO io, Mirror mirror)
      throws Exception {
    Map<String, Long> snapshots = new HashMap<>();
    try (Statement statement = catalog.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT table_name, metadata_location FROM iceberg_tables"
                    + " WHERE table_namespace = '"
                    + mirror.tables().schema()
                    + "'")) {
      while (row.next()) {
        snapshots.put(
            row.getString(1),
            TableMetadataParser.read(io, row.getString(2)).currentSnapshot().snapshotId());
      }
    }
    assertThat(snapshots).containsOnlyKeys(mirror.tables().names());
    return snapshots;
  }
}
