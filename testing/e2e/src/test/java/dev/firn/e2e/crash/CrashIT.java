package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
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
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The daemon is killed again and again, at each failpoint and at any moment, while tables of every
 * shape change in every way. In the end nothing is lost and nothing doubled, as other engines read
 * it. The system properties {@code firn.crash.kills} and {@code firn.crash.seed} choose how often,
 * and which run; what was hit is in {@code target/crash-report.md}.
 */
@ExtendWith(Engines.Shared.class)
final class CrashIT {
  private static final Path REPORT = Path.of("target", "crash-report.md");
  private static final int KILLS = Integer.getInteger("firn.crash.kills", 60);
  private static final long SEED = Long.getLong("firn.crash.seed", 20_261_121);
  private static final int CLIENTS = 2;
  private static final Duration POLL = Duration.ofMillis(10);

  @Test
  void nothingIsLostOrDoubledWhereverTheDaemonIsKilled(@TempDir Path folder, Engines engines)
      throws Exception {
    CrashReport report = new CrashReport(SEED);
    Random random = new Random(SEED);
    try (Mirror mirror =
        Mirror.start(
            folder,
            new Mirror.Setting(
                EmbeddedPostgres.NEWEST, ConfigFile.FORMAT_3, Shapes.TABLES, "100ms", true))) {
      try (Shapes traffic = Shapes.start(mirror.postgres(), CLIENTS, SEED)) {
        for (Blow blow : CrashPlan.of(SEED, KILLS)) {
          report.add(blow, strike(mirror, blow, folder.resolve("reached"), random));
        }
        traffic.stop();
      }
      try (FirnProcess firn = mirror.run(Map.of())) {
        mirror.awaitCaughtUp(firn);
        assertThat(firn.terminate()).as(firn.log()).isZero();
      }
      List<String> differences = mirror.differencesBy(engines);
      report.write(REPORT, differences);
      assertThat(differences).as("seed %s, %s kills", SEED, report.kills()).isEmpty();
    }
    assertThat(report.neverHit()).as("failpoints never hit; see %s", REPORT).isEmpty();
  }

  /** Runs the daemon until the blow; whether it came to the failpoint. */
  private static boolean strike(Mirror mirror, Blow blow, Path reached, Random random)
      throws Exception {
    Files.deleteIfExists(reached);
    Map<String, String> properties = new HashMap<>();
    if (blow.at().isPresent()) {
      properties.put(Failpoint.ARMED, blow.armed());
      properties.put(Failpoint.FILE, reached.toString());
    }
    if (blow.before() == Blow.Before.A_TABLE_IS_DROPPED) {
      drop(mirror, Shapes.TABLES.names().get(random.nextInt(Shapes.TABLES.names().size())));
    }
    try (FirnProcess firn = mirror.run(properties)) {
      if (blow.before() == Blow.Before.IT_IS_ASKED_TO_STOP) {
        firn.awaitReady(mirror.httpPort(), blow.within());
        firn.askToEnd();
      }
      boolean stands = await(firn, reached, blow.within());
      if (stands && blow.before() == Blow.Before.THE_COMMIT_IS_CUT) {
        mirror.catalogProxy().cut();
        Files.delete(reached);
        stands = await(firn, reached, blow.within());
      }
      firn.kill();
      return stands;
    }
  }

  private static boolean await(FirnProcess firn, Path reached, Duration limit)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (System.nanoTime() < end) {
      if (Files.exists(reached)) {
        return true;
      }
      firn.requireAlive();
      Backoff.pause(POLL);
    }
    return false;
  }

  private static void drop(Mirror mirror, String table) {
    try (JdbcCatalog catalog = new JdbcCatalog()) {
      catalog.initialize(mirror.catalog().name(), mirror.catalog().icebergProperties());
      catalog.dropTable(TableIdentifier.of(Shapes.TABLES.schema(), table), false);
    }
  }
}
