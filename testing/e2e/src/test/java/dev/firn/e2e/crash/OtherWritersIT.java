package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.e2e.daemon.ConfigFile;
import dev.firn.e2e.reader.Engines;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The replica stays equal whatever another engine's maintenance does to it. */
@ExtendWith(Engines.Shared.class)
final class OtherWritersIT {
  static List<List<String>> formats() {
    return Extent.of(List.of(ConfigFile.FORMAT_3, ConfigFile.FORMAT_2), 1);
  }

  @ParameterizedTest
  @MethodSource("formats")
  void sparksProceduresLandBetweenLookUpAndCommit(
      List<String> readers, @TempDir Path folder, Engines engines) throws Exception {
    assertThat(
            Maintenance.differences(
                folder, engines, readers, List.of(Maintenance.Procedure.values()), List.of()))
        .isEmpty();
  }
}
