package dev.firn.cdc.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.fault.FirnException;
import dev.firn.config.PostgresParameters;
import dev.firn.config.Secret;
import dev.firn.config.SourceConfig;
import dev.firn.testing.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postgresql.PGProperty;

class PostgresConnectionsTest {
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() throws IOException, SQLException {
    server = EmbeddedPostgres.start();
    try (Connection admin = server.connect("postgres");
        Statement statement = admin.createStatement()) {
      statement.execute("CREATE DATABASE \"odd name+1\"");
    }
    server.makeRoleWithPassword("reader", "right");
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
  }

  private static SourceConfig config(int port, String database, Secret password) {
    return new SourceConfig(
        "127.0.0.1", port, database, "reader", password, Map.of(), "firn", "firn");
  }

  private static PostgresConnections connections(String database) {
    return new PostgresConnections(config(server.port(), database, Secret.of("right")));
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      assertThat(rows.next()).isTrue();
      return rows.getString(1);
    }
  }

  @Test
  void namesItsPurposeAndSpeaksUtcInAutocommit() throws SQLException {
    try (Connection connection = connections("postgres").open("test")) {
      assertThat(connection.getAutoCommit()).isTrue();
      assertThat(ask(connection, "SHOW application_name")).isEqualTo("firn test");
      assertThat(ask(connection, "SHOW TimeZone")).isEqualTo("UTC");
    }
  }

  @Test
  void reachesADatabaseWithAnOddName() throws SQLException {
    try (Connection connection = connections("odd name+1").open("test")) {
      assertThat(ask(connection, "SELECT current_database()")).isEqualTo("odd name+1");
    }
  }

  @Test
  void takesAnAddressOfIpVersion6InItsBrackets() throws IOException {
    int closed;
    try (ServerSocket socket = new ServerSocket(0)) {
      closed = socket.getLocalPort();
    }
    SourceConfig six =
        new SourceConfig(
            "[::1]", closed, "postgres", "reader", Secret.of("x"), Map.of(), "firn", "firn");
    assertThatThrownBy(() -> new PostgresConnections(six).open("test"))
        .hasMessageContaining("connection refused, or no route");
  }

  @Test
  void readsThePasswordAnewAtEachLogin() throws SQLException {
    AtomicReference<String> password = new AtomicReference<>("wrong");
    PostgresConnections connections =
        new PostgresConnections(config(server.port(), "postgres", Secret.from(password::get)));
    assertThatThrownBy(() -> connections.open("test")).isInstanceOf(FirnException.class);
    password.set("right");
    connections.open("test").close();
  }

  @Test
  void aWrongPasswordIsNamedAsSuchWithoutShowingIt() {
    PostgresConnections connections =
        new PostgresConnections(config(server.port(), "postgres", Secret.of("hunter2")));
    assertThatThrownBy(() -> connections.open("test"))
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(FirnException.Kind.SOURCE_UNREACHABLE);
              assertThat(e)
                  .hasMessageContaining("127.0.0.1:" + server.port() + "/postgres")
                  .hasMessageContaining("refused the login of user reader");
              assertThat(e.getMessage() + e.mend()).doesNotContain("hunter2");
            });
  }

  @Test
  void aServerWithoutTlsIsNamedAsSuchWhereTlsIsWanted() {
    PostgresConnections connections =
        new PostgresConnections(
            new SourceConfig(
                "127.0.0.1",
                server.port(),
                "postgres",
                "reader",
                Secret.of("right"),
                Map.of("sslmode", "verify-full"),
                "firn",
                "firn"));
    assertThatThrownBy(() -> connections.open("test"))
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(FirnException.Kind.SOURCE_UNREACHABLE);
              assertThat(e).hasMessageContaining("does not support SSL");
              assertThat(e.mend()).contains("?sslmode=disable");
            });
  }

  @Test
  void whatAUrlMaySetIsWhatTheDriverKnowsAndFirnDoesNotSet() {
    Set<String> own =
        Set.of(
            "user",
            "password",
            "sslpassword",
            "PGHOST",
            "PGPORT",
            "PGDBNAME",
            "service",
            "replication");
    assertThat(PostgresParameters.NAMES)
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(PGProperty.values())
                .map(PGProperty::getName)
                .filter(name -> !own.contains(name))
                .toList());
  }

  @Test
  void aHostNameThatDoesNotResolveIsNamedAsSuch() {
    SourceConfig nowhere =
        new SourceConfig(
            "db.invalid",
            5432,
            "postgres",
            "reader",
            Secret.of("x"),
            Map.of("sslmode", "verify-full", "sslrootcert", "/nowhere/ca.pem"),
            "firn",
            "firn");
    assertThatThrownBy(() -> new PostgresConnections(nowhere).open("test"))
        .hasMessage(
            "PostgreSQL at db.invalid:5432/postgres cannot be reached as user reader: the host name"
                + " does not resolve");
  }

  @Test
  void aMissingPasswordIsNotTakenForMissingTls() {
    assertThatThrownBy(() ->
            new PostgresConnections(config(server.port(), "postgres", Secret.of(""))).open("test"))
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> assertThat(e.mend()).contains("source.password").doesNotContain("sslmode"))
        .hasMessageContaining("password");
  }

  @Test
  void anUnknownDatabaseIsNamedAsSuch() {
    assertThatThrownBy(() -> connections("nowhere").open("test"))
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(FirnException.Kind.SOURCE_UNREACHABLE);
              assertThat(e).hasMessageContaining("has no database nowhere");
            });
  }

  @Test
  void aServerThatIsNotThereIsNamedAsSuch() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    PostgresConnections connections =
        new PostgresConnections(config(free, "postgres", Secret.of("right")));
    assertThatThrownBy(() -> connections.open("test"))
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(FirnException.Kind.SOURCE_UNREACHABLE);
              assertThat(e)
                  .hasMessageContaining("127.0.0.1:" + free + "/postgres")
                  .hasMessageContaining("connection refused");
            });
  }

  @Test
  void aMissingRightAndABrokenConnectionAreDifferentFailures() throws SQLException {
    PostgresConnections connections = connections("postgres");
    try (Connection connection = connections.open("test");
        Connection admin = server.connect("postgres")) {
      assertThatThrownBy(() -> ask(connection, "SELECT rolpassword FROM pg_authid"))
          .isInstanceOfSatisfying(
              SQLException.class,
              e ->
                  assertThat(connections.failure("asking", e).kind())
                      .isEqualTo(FirnException.Kind.SOURCE_UNFIT));
      ask(
          admin,
          "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
              + " WHERE application_name = 'firn test'");
      assertThatThrownBy(() -> ask(connection, "SELECT 1"))
          .isInstanceOfSatisfying(
              SQLException.class,
              e ->
                  assertThat(connections.failure("asking", e).kind())
                      .isEqualTo(FirnException.Kind.SOURCE_UNREACHABLE));
    }
  }
}
