package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.firn.change.fault.Failpoint;
import dev.firn.e2e.crash.Blow.Before;
import dev.firn.e2e.daemon.ConfigFile;
import dev.firn.e2e.daemon.FirnProcess;
import dev.firn.e2e.daemon.Mirror;
import dev.firn.e2e.daemon.Shapes;
import dev.firn.e2e.reader.Engines;
import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the suite says of a daemon that lacks a protection: it must not pass. */
@ExtendWith(Engines.Shared.class)
final class SabotageSuite {
  private static final List<Blow> BLOWS =
      List.of(
          Blow.at(Failpoint.POSITION_RECORDED, 2, Before.NOTHING),
          Blow.at(Failpoint.COMMIT_DONE, 4, Before.NOTHING),
          Blow.at(Failpoint.COMMIT_DUE, 4, Before.NOTHING),
          Blow.at(Failpoint.POSITION_RECORDED, 1, Before.THE_ANSWER_IS_LOST),
          Blow.at(Failpoint.ACKNOWLEDGEMENT_DUE, 3, Before.NOTHING),
          Blow.at(Failpoint.COMMIT_DUE, 4, Before.NOTHING),
          Blow.at(Failpoint.COMMIT_DONE, 4, Before.NOTHING),
          Blow.at(Failpoint.POSITION_RECORDED, 1, Before.THE_ANSWER_IS_LOST));

  @Test
  void thatPassesWithEveryProtection(@TempDir Path folder, Engines engines) throws Exception {
    assertThat(differences(folder, engines, List.of())).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(
      value = Sabotage.class,
      names = {"RESTART_RULE", "READ_BACK", "ACKNOWLEDGEMENT_ORDER"})
  void killsFindWhatIsMissing(Sabotage sabotage, @TempDir Path folder, Engines engines) {
    Throwable failure =
        catchThrowable(() ->
            assertThat(differences(folder, engines, List.of(sabotage.option(folder)))).isEmpty());
    found(sabotage, failure);
  }

  @Test
  void maintenanceFindsThatTheLookUpIsNotRepeated(@TempDir Path folder, Engines engines) {
    Throwable failure =
        catchThrowable(() ->
            assertThat(
                    Maintenance.differences(
                        folder,
                        engines,
                        ConfigFile.FORMAT_2,
                        List.of(Maintenance.Procedure.REWRITE_DATA_FILES),
                        List.of(Sabotage.LOOK_UP.option(folder))))
                .isEmpty());
    found(Sabotage.LOOK_UP, failure);
  }

  private static void found(Sabotage sabotage, @Nullable Throwable failure) {
    assertThat(failure).as("the suite passed without %s", sabotage).isNotNull();
    System.out.println(sabotage + ": " + failure.getMessage());
    // A daemon that cannot run at all says nothing about the suite.
    assertThat(failure.getMessage())
        .doesNotContainPattern("a defect of Firn: java\\.lang\\.\\w+Error");
  }

  @Test
  void aTakeoverFindsThatTheEpochIsMissing(@TempDir Path folder) throws Exception {
    try (Mirror mirror =
            Mirror.start(
                folder,
                new Mirror.Setting(
                    EmbeddedPostgres.NEWEST,
                    ConfigFile.FORMAT_3,
                    Shapes.TABLES,
                    "200ms",
                    Mirror.CatalogKind.POSTGRES));
        Shapes traffic =
            Shapes.start(mirror.postgres(), Extent.CLIENTS, Extent.SEED, Extent.PAUSE)) {
      Takeover takeover =
          new Takeover(mirror, folder.resolve("reached"), List.of(Sabotage.EPOCH.option(folder)));
      Throwable failure =
          catchThrowable(() -> {
            try (FirnProcess later = takeover.bothRun()) {
              later.kill();
            }
          });
      found(Sabotage.EPOCH, failure);
      traffic.stop();
    }
  }

  private static List<String> differences(Path folder, Engines engines, List<String> options)
      throws Exception {
    return CrashRun.differences(folder, engines, BLOWS, options, new CrashReport(Extent.SEED));
  }
}
