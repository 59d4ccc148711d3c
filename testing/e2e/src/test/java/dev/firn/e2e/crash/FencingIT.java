package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Failpoint;
import dev.firn.e2e.daemon.ConfigFile;
import dev.firn.e2e.daemon.FirnProcess;
import dev.firn.e2e.daemon.Mirror;
import dev.firn.e2e.daemon.Shapes;
import dev.firn.e2e.reader.Engines;
import dev.firn.testing.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two daemons on one replica: the one that started later advances it, and the other stops, also
 * where it was frozen in the middle of a commit and goes on when the other has long taken over.
 */
@ExtendWith(Engines.Shared.class)
final class FencingIT {
  private static final int FENCED = 22;
  private static final Duration LIMIT = Duration.ofMinutes(2);

  @ParameterizedTest
  @EnumSource(names = {"POSTGRES", "POSTGRES_ONE_BY_ONE"})
  void theLaterOfTwoDaemonsAdvancesTheReplica(
      Mirror.CatalogKind catalog, @TempDir Path folder, Engines engines) throws Exception {
    try (Mirror mirror =
        Mirror.start(
            folder,
            new Mirror.Setting(
                EmbeddedPostgres.NEWEST, ConfigFile.FORMAT_3, Shapes.TABLES, "200ms", catalog))) {
      // a frozen daemon holds the slot for as long
      sql(mirror, "ALTER SYSTEM SET wal_sender_timeout = '10s'");
      sql(mirror, "SELECT pg_reload_conf()");
      try (Shapes traffic =
          Shapes.start(mirror.postgres(), Extent.CLIENTS, Extent.SEED, Extent.PAUSE)) {
        FirnProcess later = bothRun(mirror);
        try {
          for (Failpoint where :
              Extent.of(
                  List.of(
                      Failpoint.COMMIT_HALF,
                      Failpoint.SNAPSHOT_STAGED,
                      Failpoint.COMMIT_DUE,
                      Failpoint.DATA_FILE_WRITTEN),
                  1)) {
            assertThat(later.terminate()).as(later.log()).isZero();
            later.close();
            later = oneIsFrozen(mirror, folder.resolve("reached"), where);
          }
          traffic.stop();
          mirror.awaitCaughtUp(later);
          assertThat(later.terminate()).as(later.log()).isZero();
        } finally {
          later.close();
        }
      }
      assertThat(mirror.differencesBy(engines)).isEmpty();
    }
  }

  /** Starts two; the later one is left. */
  private static FirnProcess bothRun(Mirror mirror) throws Exception {
    try (FirnProcess earlier = mirror.run(FirnProcess.Surroundings.ORDINARY)) {
      mirror.awaitCaughtUp(earlier);
      return takesOver(mirror, earlier, () -> {});
    }
  }

  /** Freezes one at a failpoint, starts another, and lets the frozen one go on. */
  private static FirnProcess oneIsFrozen(Mirror mirror, Path reached, Failpoint where)
      throws Exception {
    Files.deleteIfExists(reached);
    List<String> options =
        List.of(
            "-D" + Failpoint.ARMED + "=" + where + "@25", "-D" + Failpoint.FILE + "=" + reached);
    try (FirnProcess frozen = mirror.run(new FirnProcess.Surroundings(options, Duration.ZERO))) {
      frozen.await(LIMIT, () -> Files.exists(reached));
      frozen.freeze();
      Files.delete(reached);
      return takesOver(mirror, frozen, frozen::resume);
    }
  }

  /** A way to let a process go on. */
  private interface Release {
    void now() throws IOException, InterruptedException;
  }

  private static FirnProcess takesOver(Mirror mirror, FirnProcess earlier, Release release)
      throws Exception {
    FirnProcess later = mirror.runAnother();
    try {
      mirror.awaitCaughtUp(later);
      release.now();
      assertThat(earlier.awaitExit()).as(earlier.log()).isEqualTo(FENCED);
      assertThat(earlier.log()).contains("another Firn daemon took the replica over");
      mirror.awaitCaughtUp(later);
      return later;
    } catch (Exception | AssertionError e) {
      later.close();
      throw e;
    }
  }

  private static void sql(Mirror mirror, String sql) throws SQLException {
    try (Connection connection = mirror.postgres().connect(Mirror.DATABASE);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
