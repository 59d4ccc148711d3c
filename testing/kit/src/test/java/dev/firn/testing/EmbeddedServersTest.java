package dev.firn.testing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class EmbeddedServersTest {
  @Test
  void postgresDecodesLogicallyAndCommitsDurably() throws Exception {
    try (EmbeddedPostgres server = EmbeddedPostgres.start();
        var connection = server.connect("postgres");
        var rows =
            connection
                .createStatement()
                .executeQuery(
                    "SELECT current_setting('wal_level'), current_setting('synchronous_commit'),"
                        + " current_setting('fsync')")) {
      rows.next();
      assertThat(rows.getString(1)).isEqualTo("logical");
      assertThat(rows.getString(2)).isEqualTo("on");
      assertThat(rows.getString(3)).isEqualTo("on");
    }
  }
}
