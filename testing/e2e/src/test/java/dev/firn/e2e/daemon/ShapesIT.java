package dev.firn.e2e.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
import dev.firn.e2e.reader.Engines;
import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tables of every shape of key and partition, changed in every way, as other engines read them: on
 * the oldest server and in the older format. The crash suite has the newest and the newer one.
 */
@ExtendWith(Engines.Shared.class)
final class ShapesIT {
  private static final int CLIENTS = 4;
  private static final long SEED = 14_000;
  private static final Duration TRAFFIC = Duration.ofSeconds(20);
  private static final Duration READY_LIMIT = Duration.ofMinutes(3);

  @Test
  void everyShapeOfTableIsEqualAfterEveryKindOfChange(@TempDir Path folder, Engines engines)
      throws Exception {
    try (Mirror mirror =
        Mirror.start(folder, EmbeddedPostgres.OLDEST, ConfigFile.FORMAT_2, Shapes.TABLES)) {
      try (Shapes shapes = Shapes.start(mirror.postgres(), CLIENTS, SEED, Shapes.SHORT_PAUSE);
          FirnProcess firn = mirror.run()) {
        firn.awaitReady(mirror.httpPort(), READY_LIMIT);
        Backoff.pause(TRAFFIC);
        shapes.stop();
        assertThat(shapes.notDone()).isEmpty();
        mirror.awaitCaughtUp(firn);
        assertThat(firn.terminate()).as(firn.log()).isZero();
      }

      mirror.assertEqualBy(engines);
    }
  }
}
