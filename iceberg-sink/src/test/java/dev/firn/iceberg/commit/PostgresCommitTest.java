package dev.firn.iceberg.commit;

import dev.firn.config.CatalogConfig;
import dev.firn.config.Secret;
import dev.firn.iceberg.FaultyDriver;
import dev.firn.testing.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

final class PostgresCommitTest extends SqlCommitContract {
  private static EmbeddedPostgres server;
  private static int databases;

  @BeforeAll
  static void startServer() throws Exception {
    server = EmbeddedPostgres.start();
  }

  @AfterAll
  static void stopServer() throws Exception {
    server.close();
  }

  @BeforeEach
  void createDatabase() throws Exception {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE catalog" + ++databases);
    }
  }

  @Override
  CatalogConfig config() {
    Map<String, Secret> properties = warehouse.properties();
    properties.put("jdbc.user", Secret.of("postgres"));
    properties.put("jdbc.password", Secret.of("postgres"));
    return new CatalogConfig(
        CatalogConfig.Type.JDBC,
        "",
        "firn",
        FaultyDriver.url(faults(), server.jdbcUrl("catalog" + databases)),
        "s3://lake/replica",
        properties);
  }

  @Override
  String faults() {
    return "postgres";
  }

  @Override
  String pointersUrl() {
    return server.jdbcUrl("catalog" + databases) + "?user=postgres&password=postgres";
  }
}
