package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.e2e.daemon.ConfigFile;
import dev.firn.e2e.daemon.FirnProcess;
import dev.firn.e2e.daemon.Mirror;
import dev.firn.e2e.daemon.Shapes;
import dev.firn.e2e.reader.Engines;
import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Path;
import java.util.List;

/**
 * A source that changes all the time, a daemon that is killed again and again, and what is left.
 */
final class CrashRun {
  private CrashRun() {}

  /**
   * Strikes, lets a last daemon catch up, and compares.
   *
   * @param options of every daemon's JVM
   * @return in what tables differ from the source, as engines read them
   * @throws Exception also where a daemon ended by itself
   */
  static List<String> differences(
      Path folder, Engines engines, List<Blow> blows, List<String> options, CrashReport report)
      throws Exception {
    try (Mirror mirror =
        Mirror.start(
            folder,
            new Mirror.Setting(
                EmbeddedPostgres.NEWEST,
                ConfigFile.FORMAT_3,
                Shapes.TABLES,
                "100ms",
                Mirror.CatalogKind.POSTGRES))) {
      Striker striker = new Striker(mirror, folder.resolve("reached"), options);
      try (Shapes traffic =
          Shapes.start(mirror.postgres(), Extent.CLIENTS, Extent.SEED, Extent.PAUSE)) {
        for (Blow blow : blows) {
          report.add(blow, striker.strike(blow));
        }
        traffic.stop();
        assertThat(traffic.notDone()).isEmpty();
      }
      try (FirnProcess firn = mirror.run(striker.surroundings(List.of()))) {
        mirror.awaitCaughtUp(firn);
        assertThat(firn.terminate()).as(firn.log()).isZero();
      }
      report.recovered();
      return mirror.differencesBy(engines);
    }
  }
}
