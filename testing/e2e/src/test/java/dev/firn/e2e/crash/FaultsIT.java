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
  private static final Duration READY_LIMIT = Duration.ofMinutes(2);

  /** What befalls the servers, or the ways to them, for a while. */
  private enum Fault {
    STORE_UNREACHABLE {
      @Override
      void begin(Mirror mirror) {
        mirror.network().store().interrupt();
      }
    },
    STORE_CUTS_CONNECTIONS {
      @Override
      void begin(Mirror mirror) {
        mirror.network().store().cut();
      }
    },
    STORE_SLOW {
      @Override
      void begin(Mirror mirror) {
        mirror.network().store().delay(Duration.ofMillis(150));
      }
    },
    STORE_ANSWERS_500 {
      @Override
      void begin(Mirror mirror) {
        mirror.network().store().answer(500, 1);
      }
    },
    STORE_ANSWERS_503_NOW_AND_THEN {
      @Override
      void begin(Mirror mirror) {
        mirror.network().store().answer(503, 3);
      }
    },
    STORE_ANSWERS_412_NOW_AND_THEN {
      @Override
      void begin(Mirror mirror) {
        mirror.network().store().answer(412, 20);
      }
    },
    STORE_ANSWERS_403_FOR_A_WHILE {
      @Override
      void begin(Mirror mirror) {
        mirror.network().store().answer(403, 5);
      }
    },
    CATALOG_UNREACHABLE {
      @Override
      void begin(Mirror mirror) {
        mirror.network().catalog().interrupt();
      }
    },
    CATALOG_LOSES_ANSWERS {
      @Override
      void begin(Mirror mirror) throws Exception {
        mirror.network().catalog().swallowAnswers();
        assertThat(mirror.network().catalog().awaitSwallowed(READY_LIMIT)).isTrue();
        mirror.network().catalog().interrupt();
      }
    },
    SOURCE_UNREACHABLE {
      @Override
      void begin(Mirror mirror) {
        mirror.network().source().interrupt();
      }
    },
    SOURCE_CUTS_CONNECTIONS {
      @Override
      void begin(Mirror mirror) {
        mirror.network().source().cut();
      }
    },
    SOURCE_CRASHES {
      @Override
      void begin(Mirror mirror) throws Exception {
        mirror.postgres().crash();
      }

      @Override
      boolean onTheWay() {
        return false;
      }
    },
    SOURCE_SLOW {
      @Override
      void begin(Mirror mirror) {
        mirror.network().source().delay(Duration.ofMillis(50));
      }
    },
    SOURCE_LOSES_ANSWERS {
      @Override
      void begin(Mirror mirror) {
        mirror.network().source().swallowAnswers();
      }

      @Override
      void end(Mirror mirror) {
        mirror.network().source().interrupt();
        mirror.network().source().restore();
      }
    },
    PASSWORD_ROTATED {
      @Override
      void begin(Mirror mirror) throws Exception {
        mirror.changePassword("second");
        mirror.network().source().cut();
      }

      @Override
      void end(Mirror mirror) throws Exception {
        mirror.writePassword("second");
      }
    };

    abstract void begin(Mirror mirror) throws Exception;

    /** Whether it is done to connections, which are counted. */
    boolean onTheWay() {
      return true;
    }

    void end(Mirror mirror) throws Exception {
      mirror.network().source().restore();
      mirror.network().catalog().restore();
      mirror.network().store().restore();
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
          fault.begin(mirror);
          Backoff.pause(LASTS);
          fault.end(mirror);
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
