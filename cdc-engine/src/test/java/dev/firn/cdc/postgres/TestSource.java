package dev.firn.cdc.postgres;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.CatalogConfig;
import dev.firn.config.FirnConfig;
import dev.firn.config.HttpConfig;
import dev.firn.config.ReplicateConfig;
import dev.firn.config.Secret;
import dev.firn.config.SourceConfig;
import dev.firn.config.TablePattern;
import dev.firn.config.TableRule;
import dev.firn.testing.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A server and a config that speaks of its tables. */
final class TestSource implements AutoCloseable {
  private final EmbeddedPostgres server;

  private TestSource(EmbeddedPostgres server) {
    this.server = server;
  }

  static TestSource start(int version) throws IOException {
    return new TestSource(EmbeddedPostgres.start(version));
  }

  SourceConfig config(String database, String user) {
    return new SourceConfig(
        "127.0.0.1",
        server.port(),
        database,
        user,
        Secret.of("postgres"),
        Map.of(),
        SourceConfig.DEFAULT_NAME,
        SourceConfig.DEFAULT_NAME);
  }

  PostgresConnections connections() {
    return new PostgresConnections(config("postgres", "postgres"));
  }

  PostgresConnections connections(String user) {
    return new PostgresConnections(config("postgres", user));
  }

  /** As another user, who has the password that every user here has. */
  Connection connect(String user) throws SQLException {
    return DriverManager.getConnection(server.jdbcUrl("postgres"), user, "postgres");
  }

  Connection connect() throws SQLException {
    return server.connect("postgres");
  }

  void sql(String... statements) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  String one(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  /** Rules that only match. */
  FirnConfig matching(String... patterns) {
    return matching(Arrays.stream(patterns).map(TestSource::rule).toList());
  }

  FirnConfig matching(List<TableRule> rules) {
    return matching(config("postgres", "postgres"), rules);
  }

  static FirnConfig matching(SourceConfig source, List<TableRule> rules) {
    return new FirnConfig(
        source,
        new CatalogConfig(
            CatalogConfig.Type.JDBC, "", "lake", "jdbc:sqlite::memory:", "s3://lake", Map.of()),
        new ReplicateConfig(
            List.of("spark"),
            3,
            new ReplicateConfig.Checkpoint(Duration.ofSeconds(1), 1_000, 1_000_000),
            ReplicateConfig.DEFAULT_MAX_ROW_BYTES),
        rules,
        new HttpConfig("127.0.0.1", 0));
  }

  static TableRule rule(String pattern, String... key) {
    return new TableRule(
        new TablePattern(pattern),
        key.length == 0 ? Optional.empty() : Optional.of(List.of(key)),
        Optional.empty(),
        Optional.empty());
  }

  SourceTables tables(String... patterns) {
    return new SourceCatalog(connections(), matching(patterns)).read();
  }

  SourceTables tables(List<TableRule> rules) {
    return new SourceCatalog(connections(), matching(rules)).read();
  }

  TableSchema schema(String schema, String table) {
    TableId id = new TableId(schema, table);
    return tables(id.toString()).schemas().stream()
        .filter(s -> s.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new AssertionError(tables(id.toString())));
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
