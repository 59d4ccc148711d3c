package dev.firn.e2e.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever Firn is doing, no statement at the source fails because of it. */
final class SourceStaysWritableIT {
  private static final int SCHEMA_CHANGED = 13;
  private static final Duration READY_LIMIT = Duration.ofMinutes(3);

  /** Whose statements they are; each has a schema of that name. */
  private static final List<String> ROLES = List.of("postgres", "owner");

  /** What the daemon is doing while the statements run. */
  private enum Daemon {
    SET_UP,
    RUNNING,
    STOPPED,
    KILLED
  }

  /** Tables that are there when Firn is set up. */
  private static final List<String> BEFORE =
      List.of(
          "CREATE TABLE keyless (v text)",
          "CREATE TABLE keyed (id int PRIMARY KEY, v text)",
          "INSERT INTO keyed SELECT i, 'v' FROM generate_series(1, 10) i",
          "CREATE TABLE keyed_too (id int PRIMARY KEY, v text)",
          "INSERT INTO keyed_too SELECT i, 'v' FROM generate_series(1, 10) i",
          "CREATE TABLE identified (id int NOT NULL, v text)",
          "CREATE UNIQUE INDEX identified_id ON identified (id)",
          "ALTER TABLE identified REPLICA IDENTITY USING INDEX identified_id",
          "INSERT INTO identified VALUES (1, 'v'), (2, 'v')",
          "CREATE TABLE typed (id int PRIMARY KEY, n int, v text)",
          "INSERT INTO typed VALUES (1, 1, 'v'), (2, 2, 'v')",
          "CREATE TABLE emptied (id int PRIMARY KEY, v text)",
          "INSERT INTO emptied VALUES (1, 'v')",
          "CREATE TABLE gone (id int PRIMARY KEY)",
          "CREATE TABLE renamed (id int PRIMARY KEY, v text)",
          "CREATE TABLE parted (id int, at int, v text, PRIMARY KEY (id, at))"
              + " PARTITION BY RANGE (at)",
          "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10)",
          "CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (10) TO (20)",
          "INSERT INTO parted VALUES (1, 1, 'v'), (2, 11, 'v')");

  private static final List<String> STATEMENTS =
      List.of(
          // without a key
          "INSERT INTO keyless VALUES ('a'), ('b')",
          "UPDATE keyless SET v = 'c' WHERE v = 'a'",
          "DELETE FROM keyless WHERE v = 'b'",
          "ALTER TABLE keyless ADD COLUMN w int",
          "UPDATE keyless SET w = 1",
          // new tables
          "CREATE TABLE fresh (id serial PRIMARY KEY, v text)",
          "INSERT INTO fresh (v) VALUES ('a'), ('b')",
          "UPDATE fresh SET v = 'c'",
          "ALTER TABLE fresh RENAME COLUMN v TO w",
          "ALTER TABLE fresh ALTER w TYPE varchar(20)",
          "ALTER TABLE fresh RENAME TO fresher",
          "ALTER TABLE fresher DROP COLUMN w",
          "DELETE FROM fresher",
          "DROP TABLE fresher",
          "CREATE TABLE copied AS SELECT * FROM keyed",
          "UPDATE copied SET v = 'w'",
          "DELETE FROM copied",
          "SELECT * INTO copied_too FROM keyed",
          "UPDATE copied_too SET v = 'w'",
          "DROP TABLE copied, copied_too",
          "CREATE UNLOGGED TABLE unlogged (v text)",
          "INSERT INTO unlogged VALUES ('a')",
          "ALTER TABLE unlogged SET LOGGED",
          "UPDATE unlogged SET v = 'b'",
          // temporary ones
          "CREATE TEMP TABLE scratch (id int PRIMARY KEY, v text)",
          "INSERT INTO scratch VALUES (1, 'a')",
          "ALTER TABLE scratch DROP CONSTRAINT scratch_pkey",
          "UPDATE scratch SET v = 'b'",
          "ALTER TABLE scratch ADD w int DEFAULT 1",
          "DROP TABLE scratch",
          "BEGIN",
          "CREATE TEMP TABLE scratch ON COMMIT DROP AS SELECT 1 AS a",
          "DELETE FROM scratch",
          "COMMIT",
          // what others hang on tables
          "CREATE INDEX keyed_v ON keyed (v)",
          "CREATE INDEX CONCURRENTLY keyed_v_too ON keyed (v)",
          "REINDEX TABLE keyed",
          "DROP INDEX CONCURRENTLY keyed_v_too",
          "CREATE VIEW shown AS SELECT id FROM gone",
          "DROP VIEW shown",
          "CREATE TYPE mood AS ENUM ('sad')",
          "ALTER TYPE mood ADD VALUE 'happy'",
          "COMMENT ON TABLE keyed IS 'c'",
          "GRANT SELECT ON keyed TO PUBLIC",
          "CREATE SEQUENCE counted",
          "DROP SEQUENCE counted",
          "ANALYZE keyed",
          // the mirrored ones' shape
          "BEGIN",
          "SAVEPOINT s",
          "ALTER TABLE typed ADD COLUMN undone int",
          "ROLLBACK TO s",
          "ALTER TABLE typed ADD COLUMN extra uuid DEFAULT gen_random_uuid()",
          "UPDATE typed SET v = 'w'",
          "COMMIT",
          "ALTER TABLE typed ALTER n TYPE bigint USING n * 2",
          "ALTER TABLE typed RENAME COLUMN v TO w",
          "UPDATE typed SET w = 'x'",
          "ALTER TABLE typed DROP COLUMN w",
          "DELETE FROM typed",
          "ALTER TABLE renamed RENAME TO renamed_now",
          "INSERT INTO renamed_now VALUES (1, 'v')",
          "UPDATE renamed_now SET v = 'w'",
          "TRUNCATE emptied",
          "TRUNCATE emptied, keyless",
          "VACUUM FULL emptied",
          "DROP TABLE gone",
          // the key goes, alone and within the transaction that then writes
          "ALTER TABLE keyed DROP CONSTRAINT keyed_pkey",
          "UPDATE keyed SET v = 'w'",
          "DELETE FROM keyed",
          "BEGIN",
          "UPDATE keyed_too SET v = 'w' WHERE id = 1",
          "ALTER TABLE keyed_too DROP CONSTRAINT keyed_too_pkey",
          "UPDATE keyed_too SET v = 'x'",
          "DELETE FROM keyed_too WHERE id = 2",
          "COMMIT",
          "DROP INDEX identified_id",
          "UPDATE identified SET v = 'w'",
          "DELETE FROM identified",
          // partitions
          "ALTER TABLE parted DETACH PARTITION parted_1",
          "UPDATE parted_1 SET v = 'w'",
          "UPDATE parted SET v = 'w'",
          "ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES FROM (0) TO (10)",
          "CREATE TABLE parted_3 (id int NOT NULL, at int NOT NULL, v text)",
          "ALTER TABLE parted ATTACH PARTITION parted_3 FOR VALUES FROM (20) TO (30)",
          "INSERT INTO parted VALUES (3, 21, 'v')",
          "UPDATE parted SET v = 'x'",
          "UPDATE parted SET at = 22 WHERE id = 1",
          "ALTER TABLE parted_2 REPLICA IDENTITY NOTHING",
          "UPDATE parted SET v = 'y'",
          "DELETE FROM parted",
          "DROP TABLE parted");

  static Stream<Arguments> situations() {
    return Stream.of(EmbeddedPostgres.OLDEST, EmbeddedPostgres.NEWEST)
        .flatMap(major -> Stream.of(Daemon.values()).map(daemon -> Arguments.of(major, daemon)));
  }

  @ParameterizedTest
  @MethodSource("situations")
  void everyStatementWorks(int postgresMajor, Daemon daemon, @TempDir Path folder)
      throws Exception {
    try (Source source = Source.start(folder, postgresMajor)) {
      try (Connection connection = source.connect()) {
        Source.execute(connection, "CREATE ROLE owner LOGIN");
        for (String role : ROLES) {
          Source.execute(connection, "CREATE SCHEMA " + role + " AUTHORIZATION " + role);
        }
      }
      runAll(source, BEFORE);
      int httpPort = Source.freePort();
      String config =
          source.config(folder.resolve("lake"), httpPort, "postgres.*", "owner.*").toString();
      Path logs = folder.resolve("logs");
      assertThat(FirnProcess.run(logs, "setup", "-c", config)).isZero();

      switch (daemon) {
        case SET_UP -> {
          runAll(source, STATEMENTS);
          assertThat(FirnProcess.run(logs, "setup", "-c", config)).isZero();
          try (FirnProcess firn = FirnProcess.start(logs, "run", "-c", config)) {
            firn.awaitReady(httpPort, READY_LIMIT);
            assertThat(firn.terminate()).as(firn.log()).isZero();
          }
        }
        case RUNNING -> {
          try (FirnProcess firn = FirnProcess.start(logs, "run", "-c", config)) {
            firn.awaitReady(httpPort, READY_LIMIT);
            runAll(source, STATEMENTS);
            assertStoppedByTheChange(firn);
          }
        }
        case STOPPED -> {
          try (FirnProcess firn = FirnProcess.start(logs, "run", "-c", config)) {
            firn.awaitReady(httpPort, READY_LIMIT);
            assertThat(firn.terminate()).as(firn.log()).isZero();
          }
          runAll(source, STATEMENTS);
        }
        case KILLED -> {
          try (FirnProcess firn = FirnProcess.start(logs, "run", "-c", config)) {
            firn.awaitReady(httpPort, READY_LIMIT);
            firn.kill();
          }
          runAll(source, STATEMENTS);
        }
      }
    }
  }

  private static void assertStoppedByTheChange(FirnProcess firn) throws Exception {
    assertThat(firn.awaitExit()).as(firn.log()).isEqualTo(SCHEMA_CHANGED);
    assertThat(firn.log()).doesNotContain("\tat ");
  }

  /** Each role runs all of them in its own schema; none fails, and Firn warns of none. */
  private static void runAll(Source source, List<String> statements) throws SQLException {
    for (String role : ROLES) {
      try (Connection connection = source.connect();
          Statement statement = connection.createStatement()) {
        statement.execute("SET SESSION AUTHORIZATION " + role);
        statement.execute("SET search_path = " + role);
        for (String sql : statements) {
          try {
            statement.execute(sql);
          } catch (SQLException e) {
            throw new SQLException(role + " could not run " + sql + ": " + e.getMessage(), e);
          }
          for (SQLWarning warning = statement.getWarnings();
              warning != null;
              warning = warning.getNextWarning()) {
            assertThat(warning.getMessage()).as("%s: %s", role, sql).doesNotContain("firn");
          }
        }
      }
    }
  }
}
