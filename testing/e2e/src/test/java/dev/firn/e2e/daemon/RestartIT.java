package dev.firn.e2e.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
import dev.firn.e2e.reader.Engines;
import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * A daemon that is ended again and again, politely and not, loses nothing and doubles nothing on
 * the oldest server. On the newest the crash suite does worse to it.
 */
@ExtendWith(Engines.Shared.class)
final class RestartIT {
  private static final int SCALE = 2;
  private static final int CLIENTS = 4;
  private static final int RESTARTS = 10;
  private static final long SEED = 14;

  /** Between a client's transactions; the daemon, not the server, is what is tried here. */
  private static final Duration PAUSE = Duration.ofMillis(5);

  private static final int LONGEST_RUN_MILLIS = 2_500;
  private static final Duration READY_LIMIT = Duration.ofMinutes(3);

  @Test
  void tenRestartsLeaveTheReplicaEqual(@TempDir Path folder, Engines engines) throws Exception {
    Random random = new Random(SEED);
    try (Mirror mirror =
        Mirror.start(
            folder, EmbeddedPostgres.OLDEST, ConfigFile.FORMAT_3, Mirror.Tables.pgbench(SCALE))) {
      try (Pgbench pgbench =
          Pgbench.start(mirror.postgres(), Mirror.DATABASE, SCALE, CLIENTS, PAUSE)) {
        for (int restart = 0; restart < RESTARTS; restart++) {
          try (FirnProcess firn = mirror.run()) {
            long before = mirror.acknowledgedLsn();
            Backoff.pause(Duration.ofMillis(random.nextInt(LONGEST_RUN_MILLIS)));
            // The first two are ended wherever they are, in the initial load or before it.
            if (restart >= 2) {
              mirror.awaitAcknowledged(firn, before);
              Backoff.pause(Duration.ofMillis(random.nextInt(LONGEST_RUN_MILLIS)));
            }
            if (restart % 2 == 0) {
              firn.kill();
            } else {
              firn.awaitReady(mirror.httpPort(), READY_LIMIT);
              assertThat(firn.terminate()).as(firn.log()).isZero();
            }
          }
        }
        pgbench.stop();
      }
      try (FirnProcess firn = mirror.run()) {
        mirror.awaitCaughtUp(firn);
        assertThat(firn.terminate()).as(firn.log()).isZero();
      }

      mirror.assertEqualBy(engines);
    }
  }
}
