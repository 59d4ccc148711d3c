package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Failpoint;
import dev.firn.e2e.daemon.FirnProcess;
import dev.firn.e2e.daemon.Mirror;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Starts a daemon where another one has the replica, and sees that the earlier one stops. */
final class Takeover {
  private static final int FENCED = 22;
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** The commits before belong to the start. */
  private static final int HIT = 12;

  private final Mirror mirror;
  private final Path reached;
  private final List<String> options;
  private final List<String> earlierTables;
  private final List<String> laterTables;

  /**
   * Of a mirror's daemons.
   *
   * @param reached is made and removed again where one is to be frozen
   * @param options of the earlier daemon's JVM
   */
  Takeover(Mirror mirror, Path reached, List<String> options) {
    this(mirror, reached, options, mirror.tables().entries(), mirror.tables().entries());
  }

  /** Of daemons that mirror different tables, as their configs name them. */
  Takeover(
      Mirror mirror,
      Path reached,
      List<String> options,
      List<String> earlierTables,
      List<String> laterTables) {
    this.mirror = mirror;
    this.reached = reached;
    this.options = List.copyOf(options);
    this.earlierTables = List.copyOf(earlierTables);
    this.laterTables = List.copyOf(laterTables);
  }

  /** Starts two; the later one is left. */
  FirnProcess bothRun() throws Exception {
    try (FirnProcess earlier = mirror.runAnother(earlierTables, surroundings(options))) {
      mirror.awaitCaughtUp(earlier);
      return takesOver(earlier, () -> {});
    }
  }

  /** Freezes one at a failpoint, starts another, and lets the frozen one go on. */
  FirnProcess oneIsFrozen(Failpoint where) throws Exception {
    Files.deleteIfExists(reached);
    List<String> armed = new ArrayList<>(options);
    armed.addAll(Armed.at(where + "@" + HIT, reached));
    try (FirnProcess frozen = mirror.runAnother(earlierTables, surroundings(armed))) {
      frozen.await(LIMIT, () -> Files.exists(reached));
      frozen.freeze();
      Files.delete(reached);
      return takesOver(frozen, frozen::resume);
    }
  }

  /** A way to let a process go on. */
  private interface Release {
    void now() throws IOException, InterruptedException;
  }

  private FirnProcess takesOver(FirnProcess earlier, Release release) throws Exception {
    FirnProcess later = mirror.runAnother(laterTables, FirnProcess.Surroundings.ORDINARY);
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

  private static FirnProcess.Surroundings surroundings(List<String> options) {
    return new FirnProcess.Surroundings(options, Duration.ZERO);
  }
}
