package dev.firn.e2e.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A quiet mirrored table must not make the server keep the log that other tables fill. */
@Execution(ExecutionMode.CONCURRENT)
final class RetentionIT {
  private static final long GIB = 1L << 30;

  /** Some segments of 16 MiB: what is kept must not depend on what was written. */
  private static final long BOUND_BYTES = 64L << 20;

  private static final Duration READY_LIMIT = Duration.ofMinutes(2);

  /** A position is recorded at most once a minute while the mirrored tables are quiet. */
  private static final Duration ADVANCE_LIMIT = Duration.ofMinutes(4);

  @ParameterizedTest
  @ValueSource(ints = {EmbeddedPostgres.OLDEST, EmbeddedPostgres.NEWEST})
  void oneGibibyteWrittenElsewhereIsNotRetained(int postgresMajor, @TempDir Path folder)
      throws Exception {
    int httpPort = Source.freePort();
    try (Source source = Source.start(folder, postgresMajor);
        Connection connection = source.connect()) {
      Source.execute(connection, "CREATE TABLE quiet (id bigint PRIMARY KEY, v text)");
      Source.execute(connection, "INSERT INTO quiet VALUES (1, 'one')");
      Source.execute(connection, "CREATE TABLE busy (v text)");
      // out of line and not compressed, so that a row is as large in the log
      Source.execute(connection, "ALTER TABLE busy ALTER v SET STORAGE EXTERNAL");
      String config = source.config(folder.resolve("lake"), httpPort, "public.quiet").toString();
      Path logs = folder.resolve("logs");
      assertThat(FirnProcess.run(logs, "setup", "-c", config)).isZero();
      try (FirnProcess firn = FirnProcess.start(logs, "run", "-c", config)) {
        firn.awaitReady(httpPort, READY_LIMIT);

        long before = current(connection);
        while (current(connection) - before < GIB) {
          Source.execute(
              connection,
              "INSERT INTO busy SELECT repeat('x', 1000000) FROM generate_series(1, 40)");
          Source.execute(connection, "TRUNCATE busy");
        }

        firn.await(
            ADVANCE_LIMIT,
            () ->
                retained(connection, "restart_lsn") < BOUND_BYTES
                    && retained(connection, "confirmed_flush_lsn") < BOUND_BYTES
                    && Source.meter(httpPort, "firn_slot_retained_bytes") < BOUND_BYTES);

        long now = current(connection);
        firn.await(ADVANCE_LIMIT, () -> confirmed(connection) > now);
        assertThat(firn.terminate()).as(firn.log()).isZero();
      }
    }
  }

  private static long current(Connection connection) throws SQLException {
    return Source.number(connection, "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn");
  }

  private static long confirmed(Connection connection) throws SQLException {
    return Source.number(
        connection,
        """
        SELECT confirmed_flush_lsn - '0/0'::pg_lsn
        FROM pg_replication_slots WHERE slot_name = 'firn'\
        """);
  }

  private static long retained(Connection connection, String place) throws SQLException {
    return Source.number(
        connection,
        "SELECT pg_current_wal_insert_lsn() - "
            + place
            + " FROM pg_replication_slots WHERE slot_name = 'firn'");
  }
}
