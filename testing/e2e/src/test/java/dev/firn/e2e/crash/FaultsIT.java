package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
import dev.firn.e2e.daemon.ConfigFile;
import dev.firn.e2e.daemon.FirnProcess;
import dev.firn.e2e.daemon.Mirror;
import dev.firn.e2e.daemon.Shapes;
import dev.firn.e2e.reader.Engines;
import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Source, catalog and store fail in every way while one daemon runs. It goes on by itself each
 * time, and in the end nothing is lost and nothing doubled.
 */
@ExtendWith(Engines.Shared.class)
final class FaultsIT {
  private static final int REPLICA_UNREACHABLE = 20;
  private static final Duration LASTS = Duration.ofSeconds(Extent.FULL ? 10 : 2);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration READY_LIMIT = Duration.ofMinutes(2);

  /** What befalls the servers, or the ways to them, for a while. */
  private enum Fault {
    STORE_UNREACHABLE(mirror -> mirror.network().store().interrupt()),
    STORE_CUTS_CONNECTIONS(mirror -> mirror.network().store().cut()),
    STORE_SLOW(mirror -> mirror.network().store().delay(Duration.ofMillis(150))),
    STORE_ANSWERS_500(mirror -> mirror.network().store().answer(500, 1)),
    STORE_ANSWERS_503_NOW_AND_THEN(mirror -> mirror.network().store().answer(503, 3)),
    STORE_ANSWERS_412_NOW_AND_THEN(mirror -> mirror.network().store().answer(412, 20)),
    STORE_ANSWERS_403_FOR_A_WHILE(mirror -> mirror.network().store().answer(403, 5)),
    CATALOG_UNREACHABLE(mirror -> mirror.network().catalog().interrupt()),
    CATALOG_LOSES_ANSWERS(mirror -> {
      mirror.network().catalog().swallowAnswers();
      assertThat(mirror.network().catalog().awaitSwallowed(READY_LIMIT)).isTrue();
      mirror.network().catalog().interrupt();
    }),
    SOURCE_UNREACHABLE(mirror -> mirror.network().source().interrupt()),
    SOURCE_CUTS_CONNECTIONS(mirror -> mirror.network().source().cut()),
    SOURCE_CRASHES(mirror -> mirror.postgres().crash(), Fault::awaitRecovery),
    SOURCE_SLOW(mirror -> mirror.network().source().delay(Duration.ofMillis(50))),
    SOURCE_LOSES_ANSWERS(
        mirror -> mirror.network().source().swallowAnswers(),
        mirror -> mirror.network().source().interrupt()),
    PASSWORD_ROTATED(
        mirror -> {
          mirror.changePassword("second");
          mirror.network().source().cut();
        },
        mirror -> mirror.writePassword("second"));

    /** Something done to a mirror. */
    private interface Deed {
      void to(Mirror mirror) throws Exception;
    }

    private final Deed begin;
    private final Deed end;

    Fault(Deed begin) {
      this(begin, mirror -> {});
    }

    /**
     * A fault.
     *
     * @param end what is done before the ways are open again
     */
    Fault(Deed begin, Deed end) {
      this.begin = begin;
      this.end = end;
    }

    void befall(Mirror mirror) throws Exception {
      begin.to(mirror);
      Backoff.pause(LASTS);
      end.to(mirror);
      mirror.network().source().restore();
      mirror.network().catalog().restore();
      mirror.network().store().restore();
    }

    private static void awaitRecovery(Mirror mirror) throws Exception {
      long end = System.nanoTime() + READY_LIMIT.toNanos();
      while (true) {
        try {
          mirror.postgres().connect(Mirror.DATABASE).close();
          return;
        } catch (SQLException e) {
          if (System.nanoTime() > end) {
            throw e;
          }
          Backoff.pause(POLL);
        }
      }
    }

    /** Whether it is done to connections, which are counted. */
    boolean onTheWay() {
      return this != SOURCE_CRASHES;
    }
  }

  @Test
  void oneDaemonGoesOnAfterEachFault(@TempDir Path folder, Engines engines) throws Exception {
    try (Mirror mirror =
        Mirror.start(
            folder,
            new Mirror.Setting(
                EmbeddedPostgres.NEWEST,
                ConfigFile.FORMAT_2,
                Shapes.TABLES,
                "200ms",
                Mirror.CatalogKind.POSTGRES))) {
      try (Shapes traffic =
              Shapes.start(mirror.postgres(), Extent.CLIENTS, Extent.SEED, Extent.PAUSE);
          FirnProcess firn = mirror.run(FirnProcess.Surroundings.ORDINARY)) {
        firn.awaitReady(mirror.httpPort(), READY_LIMIT);
        for (Fault fault : Fault.values()) {
          long before = mirror.network().disturbances();
          fault.befall(mirror);
          if (fault.onTheWay()) {
            assertThat(mirror.network().disturbances()).as("%s", fault).isGreaterThan(before);
          }
          mirror.awaitCaughtUp(firn);
        }
        traffic.stop();
        mirror.awaitCaughtUp(firn);
        assertThat(firn.terminate()).as(firn.log()).isZero();
      }
      theClockJumpsThereAndBack(mirror);
      assertThat(mirror.differencesBy(engines)).isEmpty();
    }
  }

  private static void theClockJumpsThereAndBack(Mirror mirror) throws Exception {
    FirnProcess.Surroundings ahead = new FirnProcess.Surroundings(List.of(), Duration.ofHours(1));
    try (FirnProcess firn = mirror.run(ahead)) {
      mirror.awaitCaughtUp(firn);
      assertThat(firn.terminate()).as(firn.log()).isZero();
    }
    try (FirnProcess firn = mirror.run(FirnProcess.Surroundings.ORDINARY)) {
      assertThat(firn.awaitExit()).as(firn.log()).isEqualTo(REPLICA_UNREACHABLE);
      assertThat(firn.log()).contains("this machine's clock says");
    }
  }
}
