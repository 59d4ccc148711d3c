package dev.firn.e2e.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
import dev.firn.e2e.reader.Engines;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Tables of every shape of key and partition, changed in every way, as other engines read them. */
@ExtendWith(Engines.Shared.class)
final class ShapesIT {
  private static final int CLIENTS = 4;
  private static final Duration TRAFFIC = Duration.ofSeconds(20);
  private static final Duration READY_LIMIT = Duration.ofMinutes(3);

  static Stream<Arguments> servers() {
    return Stream.of(Arguments.of(14, ConfigFile.FORMAT_2), Arguments.of(18, ConfigFile.FORMAT_3));
  }

  @ParameterizedTest
  @MethodSource("servers")
  void everyShapeOfTableIsEqualAfterEveryKindOfChange(
      int postgresMajor, List<String> readers, @TempDir Path folder, Engines engines)
      throws Exception {
    try (Mirror mirror = Mirror.start(folder, postgresMajor, readers, Shapes.TABLES)) {
      try (Shapes shapes =
              Shapes.start(mirror.postgres(), CLIENTS, 1_000L * postgresMajor, Shapes.SHORT_PAUSE);
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
