package dev.firn.e2e.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
import dev.firn.e2e.reader.Engines;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileFormat;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** pgbench's tables, mirrored while eight clients change them, as other engines read them. */
@ExtendWith(Engines.Shared.class)
final class MirrorIT {
  private static final int SCALE = 10;
  private static final int CLIENTS = 8;
  private static final Duration TRAFFIC = Duration.ofSeconds(30);
  private static final Duration READY_LIMIT = Duration.ofMinutes(3);

  static Stream<Arguments> servers() {
    return Stream.of(
        Arguments.of(14, ConfigFile.FORMAT_2, FileFormat.PARQUET),
        Arguments.of(18, ConfigFile.FORMAT_3, FileFormat.PUFFIN));
  }

  @ParameterizedTest
  @MethodSource("servers")
  void aReplicaOfABusyDatabaseIsEqual(
      int postgresMajor,
      List<String> readers,
      FileFormat deletes,
      @TempDir Path folder,
      Engines engines)
      throws Exception {
    try (Mirror mirror =
        Mirror.start(folder, postgresMajor, readers, Mirror.Tables.pgbench(SCALE))) {
      try (Pgbench pgbench =
              Pgbench.start(mirror.postgres(), Mirror.DATABASE, SCALE, CLIENTS, Duration.ZERO);
          FirnProcess firn = mirror.run()) {
        firn.awaitReady(mirror.httpPort(), READY_LIMIT);
        Backoff.pause(TRAFFIC);
        pgbench.stop();
        assertThat(pgbench.transactions()).isPositive();
        mirror.awaitCaughtUp(firn);
        assertThat(firn.terminate()).as(firn.log()).isZero();
        assertThat(firn.log()).contains("pgbench_history: not mirrored: ", "has no key");
      }

      assertThat(ReplicaMetadata.tables(mirror.catalog(), "public"))
          .containsExactlyInAnyOrderElementsOf(Pgbench.KEYED_TABLES);

      mirror.assertEqualBy(engines);
      Set<ReplicaMetadata.Deletes> found = new HashSet<>();
      for (String table : Pgbench.KEYED_TABLES) {
        found.addAll(ReplicaMetadata.deleteFiles(mirror.catalog(), "public", table));
      }
      assertThat(found)
          .containsExactly(new ReplicaMetadata.Deletes(FileContent.POSITION_DELETES, deletes));
    }
  }
}
