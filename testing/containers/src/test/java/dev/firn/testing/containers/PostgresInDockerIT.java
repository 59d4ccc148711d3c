package dev.firn.testing.containers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.PostgresServer;
import java.sql.Connection;
import org.junit.jupiter.api.Test;

final class PostgresInDockerIT {
  @Test
  void decodesLogically() throws Exception {
    try (PostgresServer server = PostgresInDocker.start();
        Connection connection = server.connect("postgres");
        var rows =
            connection
                .createStatement()
                .executeQuery(
                    "SELECT current_setting('wal_level'), current_setting('server_version'),"
                        + " slot_name FROM pg_create_logical_replication_slot('s', 'pgoutput')")) {
      assertThat(rows.next()).isTrue();
      assertThat(rows.getString(1)).isEqualTo("logical");
      assertThat(rows.getString(2)).startsWith("17.");
      assertThat(rows.getString(3)).isEqualTo("s");
    }
  }
}
