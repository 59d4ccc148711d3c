package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

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
 * The daemon is killed again and again, at each failpoint and at any moment, while tables of every
 * shape change in every way. In the end nothing is lost and nothing doubled, as other engines read
 * it. The system properties {@code firn.crash.kills} and {@code firn.crash.seed} choose how often,
 * and which run; what was hit, and what came of it, is in {@code target/crash-report.md}.
 */
@ExtendWith(Engines.Shared.class)
final class CrashIT {
  private static final Path REPORT = Path.of("target", "crash-report.md");
  private static final int KILLS = Integer.getInteger("firn.crash.kills", 60);
  private static final long SEED = Long.getLong("firn.crash.seed", 20_261_121);
  private static final int CLIENTS = 2;

  /** Between a client's transactions: what waits for the daemon stays little. */
  private static final Duration PAUSE = Duration.ofMillis(40);

  @Test
  void nothingIsLostOrDoubledWhereverTheDaemonIsKilled(@TempDir Path folder, Engines engines)
      throws Exception {
    CrashReport report = new CrashReport(SEED);
    try (Mirror mirror =
        Mirror.start(
            folder,
            new Mirror.Setting(
                EmbeddedPostgres.NEWEST, ConfigFile.FORMAT_3, Shapes.TABLES, "100ms", true))) {
      Striker striker = new Striker(mirror, folder.resolve("reached"), SEED);
      try (Shapes traffic = Shapes.start(mirror.postgres(), CLIENTS, SEED, PAUSE)) {
        for (Blow blow : CrashPlan.of(SEED, KILLS)) {
          report.add(blow, striker.strike(blow));
        }
        traffic.stop();
      }
      try (FirnProcess firn = mirror.run(striker.surroundings(List.of()))) {
        mirror.awaitCaughtUp(firn);
        assertThat(firn.terminate()).as(firn.log()).isZero();
      }
      report.recovered();
      List<String> differences = mirror.differencesBy(engines);
      report.end(differences.isEmpty() ? "every table equal" : differences.toString());
      assertThat(differences).as("seed %s, %s kills", SEED, report.kills()).isEmpty();
    } catch (Exception e) {
      report.end(String.valueOf(e.getMessage()));
      throw e;
    } finally {
      report.write(REPORT);
    }
    assertThat(report.neverHit()).as("failpoints never hit; see %s", REPORT).isEmpty();
  }
}
