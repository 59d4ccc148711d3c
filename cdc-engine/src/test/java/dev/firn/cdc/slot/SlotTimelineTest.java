package dev.firn.cdc.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.PostgresPosition;
import dev.firn.config.Secret;
import dev.firn.config.SourceConfig;
import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SlotTimelineTest {
  private static SourceConfig config(EmbeddedPostgres server) {
    return new SourceConfig(
        "127.0.0.1",
        server.port(),
        "postgres",
        "postgres",
        Secret.of("postgres"),
        Map.of(),
        "firn",
        "firn");
  }

  @Test
  void aPromotionIsFollowedUnlessItLostWhatTheReplicaHas(@TempDir Path folder) throws Exception {
    Path data = folder.resolve("data");
    String identity;
    PostgresPosition slot;
    PostgresPosition end;
    try (EmbeddedPostgres server = EmbeddedPostgres.start(data, 0)) {
      SourceConfig config = config(server);
      PostgresConnections connections = new PostgresConnections(config);
      slot = (PostgresPosition) new Slots(config, connections).createIfMissing();
      identity = new SlotCheck(config, connections).verify(slot, slot, Optional.empty());
    }
    Files.createFile(data.resolve("standby.signal"));
    try (EmbeddedPostgres server = EmbeddedPostgres.start(data, 0);
        Connection sql = server.connect("postgres");
        Statement statement = sql.createStatement()) {
      try (ResultSet row = statement.executeQuery("SELECT pg_promote()")) {
        assertThat(row.next()).isTrue();
        assertThat(row.getBoolean(1)).isTrue();
      }
      statement.execute("CREATE TABLE later (x int)");
      try (ResultSet row = statement.executeQuery("SELECT pg_current_wal_flush_lsn()")) {
        assertThat(row.next()).isTrue();
        end = PostgresPosition.at(PostgresPosition.parseLsn(row.getString(1)), 0);
      }
      SourceConfig config = config(server);
      SlotCheck check = new SlotCheck(config, new PostgresConnections(config));
      String now = check.verify(slot, slot, Optional.of(identity));
      assertThat(SlotIdentity.parse(now).timeline()).isEqualTo(2);
      assertThat(SlotIdentity.parse(now).switches()).hasSize(1);
      assertThat(check.verify(end, end, Optional.of(now))).isEqualTo(now);

      // A replica that had got further on the old timeline has what the new one never had.
      assertThatThrownBy(() -> check.verify(end, end, Optional.of(identity)))
          .isInstanceOfSatisfying(
              FirnException.class,
              e -> {
                assertThat(e.kind()).isEqualTo(FirnException.Kind.POSITION_LOST);
                assertThat(e).hasMessageContaining("left timeline 1");
              });
      // Nor may a single table of it have been further.
      assertThatThrownBy(() -> check.verify(slot, end, Optional.of(identity)))
          .isInstanceOf(FirnException.class)
          .hasMessageContaining("left timeline 1");
    }
  }
}
