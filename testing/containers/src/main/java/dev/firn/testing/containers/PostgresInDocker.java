package dev.firn.testing.containers;

import dev.firn.testing.PostgresServer;
import org.testcontainers.postgresql.PostgreSQLContainer;

/** The official PostgreSQL image, with logical decoding. */
public final class PostgresInDocker implements PostgresServer {
  private static final String IMAGE = "postgres:17";

  private final PostgreSQLContainer container;

  private PostgresInDocker(PostgreSQLContainer container) {
    this.container = container;
  }

  /** Starts a server with an empty database {@code postgres}. */
  @SuppressWarnings("resource") // ends with the object returned
  public static PostgresInDocker start() {
    PostgreSQLContainer container =
        new PostgreSQLContainer(IMAGE)
            .withLabels(TestRun.LABELS)
            .withDatabaseName("postgres")
            .withUsername(USER)
            .withPassword(PASSWORD)
            .withCommand("postgres", "-c", "wal_level=logical", "-c", "max_wal_senders=20");
    container.start();
    return new PostgresInDocker(container);
  }

  @Override
  public String host() {
    return container.getHost();
  }

  @Override
  public int port() {
    return container.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT);
  }

  @Override
  public void close() {
    container.stop();
  }
}
