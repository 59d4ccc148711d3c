package dev.firn.e2e.crash;

import dev.firn.change.fault.Failpoint;
import java.nio.file.Path;
import java.util.List;

/** Failpoints at which a daemon is to wait. */
final class Armed {
  private Armed() {}

  /**
   * The options of its JVM.
   *
   * @param failpoints in the words of {@link Failpoint#ARMED}
   * @param reached the file that is there as long as it waits
   */
  static List<String> at(String failpoints, Path reached) {
    return List.of(
        "-D" + Failpoint.ARMED + "=" + failpoints, "-D" + Failpoint.FILE + "=" + reached);
  }
}
