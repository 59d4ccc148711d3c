package dev.firn.testing;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;

/**
 * A real PostgreSQL server as a child process, ready for logical decoding, with durable commits. It
 * listens on loopback; the superuser is {@code postgres}.
 */
public final class EmbeddedPostgres implements AutoCloseable {
  private final io.zonky.test.db.postgres.embedded.EmbeddedPostgres server;

  private EmbeddedPostgres(io.zonky.test.db.postgres.embedded.EmbeddedPostgres server) {
    this.server = server;
  }

  /** Starts a server on a free port, with its data in a temporary folder. */
  public static EmbeddedPostgres start() throws IOException {
    return new EmbeddedPostgres(
        io.zonky.test.db.postgres.embedded.EmbeddedPostgres.builder()
            .setServerConfig("wal_level", "logical")
            .setServerConfig("synchronous_commit", "on")
            .setServerConfig("fsync", "on")
            .setServerConfig("full_page_writes", "on")
            .setServerConfig("max_replication_slots", "20")
            .setServerConfig("max_wal_senders", "20")
            .setServerConfig("max_prepared_transactions", "10")
            .setPGStartupWait(Duration.ofSeconds(60))
            .start());
  }

  /** The TCP port on loopback. */
  public int port() {
    return server.getPort();
  }

  /** A JDBC URL for a database of this server. */
  public String jdbcUrl(String database) {
    return "jdbc:postgresql://127.0.0.1:" + port() + "/" + database;
  }

  /** A connection as the superuser, in autocommit. */
  public Connection connect(String database) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", "postgres");
    login.setProperty("password", "postgres");
    return DriverManager.getConnection(jdbcUrl(database), login);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
