package dev.firn.e2e.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
import dev.firn.e2e.reader.ReplicaCatalog;
import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What users get wrong: one clear message from the process itself, an exit code that says what kind
 * it is, no stack trace, and no secret.
 */
final class UserMistakesIT {
  private static final int SOURCE_UNREACHABLE = 10;
  private static final int POSITION_LOST = 12;
  private static final int SCHEMA_CHANGED = 13;
  private static final int REPLICA_UNREACHABLE = 20;
  private static final int FENCED = 22;
  private static final String SECRET = "not-to-be-printed";
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration READY_LIMIT = Duration.ofMinutes(2);

  @TempDir static Path shared;
  private static Source source;

  private Path folder;
  private Path logs;
  private int httpPort;

  @BeforeAll
  static void start() throws Exception {
    source = Source.start(shared, EmbeddedPostgres.NEWEST);
    try (Connection connection = source.connect()) {
      Source.execute(connection, "CREATE TABLE good (id bigint PRIMARY KEY, v text)");
      Source.execute(connection, "INSERT INTO good VALUES (1, 'one')");
      Source.execute(connection, "CREATE TABLE grows (id bigint PRIMARY KEY, v text)");
      Source.execute(connection, "CREATE TABLE keyless (v text)");
      Source.execute(connection, "CREATE TABLE odd (id bigint PRIMARY KEY, shape polygon)");
      source.postgres().makeRoleWithPassword("guarded", "not that of the config");
    }
  }

  @AfterAll
  static void stop() throws Exception {
    source.close();
  }

  @BeforeEach
  void makeFolder() throws Exception {
    folder = Files.createTempDirectory(shared, "case");
    logs = folder.resolve("logs");
    httpPort = Source.freePort();
  }

  @ParameterizedTest(name = "{0} → {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "tables:                | tabels:                               | 2  | tables",
        "every: 1s              | every: soon                           | 2  | soon",
        "type: jdbc             | type: hadoop                          | 2  | renaming",
        "password: 'postgres'   | password: ${env:FIRN_TEST_NOT_SET}    | 2  | FIRN_TEST_NOT_SET",
        "password: 'postgres'   | password: ${file:/nowhere/secret}     | 2  | /nowhere/secret",
        "- match: public.good   | '- { match: public.good, mask: { v: sha256 } }' | 2  | mask",
        "- match: public.good   | - match: public.keyless               | 11 | public.keyless",
        "- match: public.good   | - match: public.odd                   | 11 | polygon",
        "- match: public.good   | - match: public.nowhere               | 11 | public.nowhere",
        "/shop                  | /nothere                              | 10 | nothere",
        "postgres@              | guarded@                              | 10 | password",
      })
  void aMistakeInTheConfigIsOneMessage(String right, String wrong, int code, String names)
      throws Exception {
    Path config = source.config(folder, httpPort, "public.good");
    String text = Files.readString(config);
    assertThat(text).contains(right);
    Files.writeString(
        config, text.replace(right, wrong).replace("'local-secret'", "'" + SECRET + "'"));

    assertOneMessage(config, code, names);
  }

  @Test
  void aClosedPortIsOneMessage() throws Exception {
    Path config = source.config(folder, httpPort, "public.good");
    int closed = Source.freePort();
    Files.writeString(
        config,
        Files.readString(config).replace(":" + source.postgres().port() + "/", ":" + closed + "/"));

    assertOneMessage(config, SOURCE_UNREACHABLE, "127.0.0.1:" + closed);
  }

  @ParameterizedTest
  @CsvSource({
    "jdbc:sqlite:/, jdbc:sqlite:/nowhere/, /nowhere/",
    "s3://lake/, s3://nobucket/, nobucket",
    "http://127.0.0.1:, http://nowhere.invalid:, nowhere.invalid",
  })
  void aReplicaThatCannotBeReachedIsOneMessage(String right, String wrong, String names)
      throws Exception {
    Path config = source.config(folder, httpPort, "public.good");
    setUp(config, "unreachable");
    String text = Files.readString(config);
    assertThat(text).contains(right);
    Files.writeString(config, text.replace(right, wrong));

    assertOneMessage(config, REPLICA_UNREACHABLE, names);
  }

  @Test
  void aSlotThatIsGoneIsLostLogAndNotAnUnfinishedSetUp() throws Exception {
    Path config = source.config(folder, httpPort, "public.good");
    setUp(config, "dropped");
    mirrorOnce(config);
    try (Connection connection = source.connect()) {
      Source.execute(connection, "SELECT pg_drop_replication_slot('dropped')");
    }
    assertOneMessage(config, POSITION_LOST, "replication slot dropped");
    assertDoctorSays(config, POSITION_LOST, "replication slot dropped is missing");

    assertThat(FirnProcess.run(logs, "setup", "-c", config.toString())).isZero();
    try (Connection connection = source.connect()) {
      Source.execute(connection, "UPDATE good SET v = v");
    }
    assertOneMessage(config, POSITION_LOST, "replication slot dropped");
    assertDoctorSays(config, POSITION_LOST, "beyond the replica's position");
  }

  @Test
  void aTableWhoseShapeChangesStopsTheDaemonBeforeThatAndAgain() throws Exception {
    Path config = source.config(folder, httpPort, "public.grows");
    setUp(config, "grows");
    try (FirnProcess firn = FirnProcess.start(logs, "run", "-c", config.toString());
        Connection connection = source.connect()) {
      firn.awaitReady(httpPort, READY_LIMIT);
      Source.execute(connection, "INSERT INTO grows VALUES (1, 'before')");
      Source.execute(connection, "ALTER TABLE grows ADD COLUMN w int");
      Source.execute(connection, "INSERT INTO grows VALUES (2, 'after', 2)");
      assertThat(firn.awaitExit()).as(firn.log()).isEqualTo(SCHEMA_CHANGED);
      assertThat(firn.log()).contains("public.grows").doesNotContain("\tat ", "Exception");
    }
    assertThat(rows("grows")).isEqualTo(1);

    assertOneMessage(config, SCHEMA_CHANGED, "public.grows");
    assertDoctorSays(config, SCHEMA_CHANGED, "the shape of table public.grows changed");
    assertThat(rows("grows")).isEqualTo(1);
  }

  @Test
  void aTableThatSomebodyMakesInAMatchedSchemaStopsNoRestart() throws Exception {
    Path config = source.config(folder, httpPort, "team.*");
    try (Connection connection = source.connect()) {
      Source.execute(connection, "CREATE SCHEMA team");
      Source.execute(connection, "CREATE TABLE team.first (id bigint PRIMARY KEY)");
      setUp(config, "team");
      mirrorOnce(config);

      Source.execute(connection, "CREATE TABLE team.extra (id bigint PRIMARY KEY)");
      Source.execute(connection, "INSERT INTO team.extra VALUES (1)");
    }
    String left = "team.extra";
    String why = "is new: the publication does not have it";
    assertThat(printed("doctor", config)).contains("warning table " + left, why);
    assertThat(printed("status", config)).contains("Not mirrored:", left + " " + why);
    assertThat(mirrorOnce(config)).contains("table " + left + ": not mirrored: " + why);

    assertThat(FirnProcess.run(logs, "setup", "-c", config.toString())).isZero();
    mirrorOnce(config);
    assertThat(printed("status", config)).containsPattern(left + " +yes +1 ");
  }

  @Test
  void ofTwoDaemonsOnOneReplicaExactlyOneGoesOn() throws Exception {
    Path config = source.config(folder, httpPort, "public.good");
    setUp(config, "first");
    Path other = Files.createDirectories(folder.resolve("other")).resolve("firn.yaml");
    int otherPort = Source.freePort();
    Files.writeString(
        other,
        Files.readString(config)
            .replace("port: " + httpPort, "port: " + otherPort)
            .replace("  slot: first\n  publication: first\n", ""));
    try (FirnProcess first = FirnProcess.start(logs, "run", "-c", config.toString())) {
      first.awaitReady(httpPort, READY_LIMIT);
      setUp(other, "second");
      try (FirnProcess second = FirnProcess.start(logs, "run", "-c", other.toString());
          Connection connection = source.connect()) {
        // the one whose epoch is lower is refused its next commit
        long limit = System.nanoTime() + READY_LIMIT.toNanos();
        while (first.isAlive() && second.isAlive()) {
          assertThat(System.nanoTime()).as("both go on").isLessThan(limit);
          Source.execute(connection, "UPDATE good SET v = v");
          Backoff.pause(POLL);
        }
        FirnProcess loser = first.isAlive() ? second : first;
        FirnProcess winner = first.isAlive() ? first : second;
        assertThat(loser.awaitExit()).as(loser.log()).isIn(FENCED, POSITION_LOST);
        assertThat(loser.log()).doesNotContain("\tat ");
        winner.requireAlive();
      }
    }
  }

  /** Gives the config a slot and a publication of that name, and runs the set-up. */
  private void setUp(Path config, String name) throws Exception {
    Files.writeString(
        config,
        Files.readString(config)
            .replace("source:\n", "source:\n  slot: " + name + "\n  publication: " + name + "\n"));
    assertThat(FirnProcess.run(logs, "setup", "-c", config.toString())).isZero();
  }

  /** What a command says that succeeds. */
  private String printed(String command, Path config) throws Exception {
    try (FirnProcess firn = FirnProcess.start(logs, command, "-c", config.toString())) {
      assertThat(firn.awaitExit()).as(firn.log()).isZero();
      return firn.log();
    }
  }

  /** Starts, becomes ready and stops; what it printed. */
  private String mirrorOnce(Path config) throws Exception {
    try (FirnProcess firn = FirnProcess.start(logs, "run", "-c", config.toString())) {
      firn.awaitReady(httpPort, READY_LIMIT);
      assertThat(firn.terminate()).as(firn.log()).isZero();
      return firn.log();
    }
  }

  private void assertOneMessage(Path config, int code, String names) throws Exception {
    try (FirnProcess firn = FirnProcess.start(logs, "run", "-c", config.toString())) {
      int ended = firn.awaitExit();
      String printed = firn.log();
      assertThat(ended).as(printed).isEqualTo(code);
      assertThat(printed).contains(names).doesNotContain("\tat ", "Exception", SECRET);
      assertThat(printed.lines().filter(line -> line.startsWith("firn: "))).hasSize(1);
    }
  }

  /** What stands in the way of a start is said without one, and with the same exit code. */
  private void assertDoctorSays(Path config, int code, String names) throws Exception {
    try (FirnProcess doctor = FirnProcess.start(logs, "doctor", "-c", config.toString())) {
      int ended = doctor.awaitExit();
      assertThat(ended).as(doctor.log()).isEqualTo(code);
      assertThat(doctor.log()).contains("FAILED", names);
    }
  }

  private long rows(String table) throws Exception {
    ReplicaCatalog catalog = source.catalog(folder);
    try (JdbcCatalog iceberg = new JdbcCatalog()) {
      iceberg.initialize(catalog.name(), catalog.icebergProperties());
      Table loaded = iceberg.loadTable(TableIdentifier.of("public", table));
      return Long.parseLong(loaded.currentSnapshot().summary().get("total-records"));
    }
  }
}
