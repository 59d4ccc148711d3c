package dev.firn.cdc.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.table.TableSchema;
import dev.firn.config.Secret;
import dev.firn.config.SourceConfig;
import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.TestAuthority;
import io.debezium.config.Configuration;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.jdbc.JdbcConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server that speaks TLS alone, its certificate made out to {@code localhost}; it listens on
 * 127.0.0.1 too, and that is another name.
 */
class TlsTest {
  private static final String RIGHT_HOST = "localhost";
  private static final String WRONG_HOST = "127.0.0.1";

  @TempDir private static Path folder;
  private static EmbeddedPostgres server;
  private static TestAuthority ours;
  private static TestAuthority another;

  @BeforeAll
  static void start() throws Exception {
    ours = new TestAuthority(folder.resolve("ours"), RIGHT_HOST);
    another = new TestAuthority(folder.resolve("another"), RIGHT_HOST);
    server = EmbeddedPostgres.start();
    server.speakTlsAlone(ours);
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  private static Map<String, String> trusting(TestAuthority authority) {
    return Map.of("sslmode", "verify-full", "sslrootcert", authority.authority().toString());
  }

  private static StreamFixture fixture(String name, String host, TestAuthority trusted)
      throws SQLException {
    return new StreamFixture(server, name, host, trusting(trusted));
  }

  @Test
  void aServerThatProvesItsNameIsStreamedFrom() throws Exception {
    try (StreamFixture db = fixture("proven", RIGHT_HOST, ours)) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)");
      Position slot = db.publish("a");
      TableSchema a = db.table("a");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, a);
      db.execute("INSERT INTO a VALUES (1)");
      sink.await(s -> s.changes().size() == 1);
      assertThat(
              db.ask(
                  "SELECT string_agg(DISTINCT ssl::text, ',') FROM pg_stat_replication"
                      + " JOIN pg_stat_ssl USING (pid)"))
          .isEqualTo("true");
      running.stop();
      assertThat(sink.changes()).containsExactly("insert a [1]");
      try (JdbcConnection replication = replication(db.config)) {
        assertThat(replication.connection().isValid(10)).isTrue();
      }
    }
  }

  @Test
  void aCertificateOfAnotherAuthorityIsRefused() throws Exception {
    try (StreamFixture db = fixture("unproven", RIGHT_HOST, another)) {
      assertRefused(
          db.config,
          "its certificate is not signed by the CA in " + another.authority(),
          "name the CA that signed it: sslrootcert=FILE in source.url (managed services publish"
              + " theirs)");
      assertReplicationRefused(db.config, "PKIX path");
    }
  }

  @Test
  void aCertificateForAnotherNameIsRefused() throws Exception {
    try (StreamFixture db = fixture("misnamed", WRONG_HOST, ours)) {
      assertRefused(
          db.config,
          "its certificate does not name the host " + WRONG_HOST,
          "write as host in source.url a name that the certificate names, or have it made out to "
              + WRONG_HOST
              + " too; another CA does not help");
      assertReplicationRefused(db.config, WRONG_HOST);
    }
  }

  @Test
  void aCaFileThatHoldsNoneIsNamedWithItsMistake() throws Exception {
    Path none = folder.resolve("none.pem");
    Path empty = Files.createFile(folder.resolve("empty.pem"));
    Path text = Files.writeString(folder.resolve("text.pem"), "this is no certificate");
    String mend =
        "name a PEM file that Firn can read as sslrootcert in source.url; where Firn runs in a"
            + " container, one within it";
    assertRefused(trusting(none), named(none) + "does not exist", mend);
    assertRefused(trusting(folder), named(folder) + "is a folder", mend);
    assertRefused(trusting(empty), named(empty) + "holds no certificate in PEM", mend);
    assertRefused(trusting(text), named(text) + "holds no certificate in PEM", mend);
  }

  @Test
  void whereNoCaIsNamedThatIsSaid() {
    assertThat(Path.of(System.getProperty("user.home"), ".postgresql", "root.crt"))
        .as("the driver would trust this one")
        .doesNotExist();
    assertRefused(
        config(Map.of("sslmode", "verify-full")),
        "with sslmode verify-full it must prove who it is, and no CA is named",
        "name the CA that signed its certificate: sslrootcert=FILE in source.url (managed services"
            + " publish theirs); or write sslmode=disable there, where nobody else reads the"
            + " network between");
  }

  private static String named(Path file) {
    return "the CA file " + file + ", which sslrootcert names, ";
  }

  private static SourceConfig trusting(Path file) {
    return config(Map.of("sslmode", "verify-full", "sslrootcert", file.toString()));
  }

  private static SourceConfig config(Map<String, String> parameters) {
    return new SourceConfig(
        RIGHT_HOST,
        server.port(),
        "postgres",
        "postgres",
        Secret.of("postgres"),
        parameters,
        "firn",
        "firn");
  }

  private static void assertRefused(SourceConfig config, String why, String mend) {
    assertThatThrownBy(() -> new PostgresConnections(config).open("test"))
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(FirnException.Kind.SOURCE_UNREACHABLE);
              assertThat(e.mend()).isEqualTo(mend);
            })
        .hasMessage(
            "PostgreSQL at " + config.address() + " cannot be reached as user postgres: " + why);
  }

  private static void assertReplicationRefused(SourceConfig config, String why) throws Exception {
    try (JdbcConnection replication = replication(config)) {
      assertThatThrownBy(replication::connection)
          .isInstanceOf(SQLException.class)
          .hasStackTraceContaining(why);
    }
  }

  /** The connection on which Debezium reads the log, not open yet. */
  private static JdbcConnection replication(SourceConfig source) {
    PostgresConnectorConfig config =
        new PostgresConnectorConfig(Configuration.from(DebeziumSettings.of(source, List.of())));
    return (JdbcConnection)
        ReplicationConnection.builder(config)
            .withSlot(config.slotName())
            .withPublication(config.publicationName())
            .withTableFilter(config.getTableFilters())
            .withPlugin(config.plugin())
            .dropSlotOnClose(false)
            .build();
  }
}
