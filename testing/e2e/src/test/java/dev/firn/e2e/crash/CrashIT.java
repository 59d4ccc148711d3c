package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.e2e.reader.Engines;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The daemon is killed again and again, at each failpoint and at any moment, while tables of every
 * shape change in every way. In the end nothing is lost and nothing doubled, as other engines read
 * it. What was hit, and what came of it, is in {@code target/crash-report.md}.
 */
@ExtendWith(Engines.Shared.class)
final class CrashIT {
  private static final Path REPORT = Path.of("target", "crash-report.md");

  @Test
  void nothingIsLostOrDoubledWhereverTheDaemonIsKilled(@TempDir Path folder, Engines engines)
      throws Exception {
    System.out.println("Crash suite: seed " + Extent.SEED + ", " + Extent.KILLS + " kills");
    CrashReport report = new CrashReport(Extent.SEED);
    try {
      List<String> differences =
          CrashRun.differences(
              folder, engines, CrashPlan.of(Extent.SEED, Extent.KILLS), List.of(), report);
      report.end(differences.isEmpty() ? "every table equal" : differences.toString());
      assertThat(differences).as("seed %s, %s kills", Extent.SEED, report.kills()).isEmpty();
    } catch (Exception e) {
      report.end(String.valueOf(e.getMessage()));
      throw e;
    } finally {
      report.write(REPORT);
    }
    assertThat(report.neverHit()).as("failpoints never hit; see %s", REPORT).isEmpty();
  }
}
