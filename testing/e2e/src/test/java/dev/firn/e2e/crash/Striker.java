package dev.firn.e2e.crash;

import dev.firn.change.fault.Backoff;
import dev.firn.e2e.daemon.FirnProcess;
import dev.firn.e2e.daemon.Mirror;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.jdbc.JdbcCatalog;

/** Starts the daemon of a mirror, and kills it where a {@link Blow} says. */
final class Striker {
  private static final Duration POLL = Duration.ofMillis(10);

  /** Snapshots are kept for ten minutes. */
  private static final Duration JUMP = Duration.ofMinutes(11);

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);

  private final Mirror mirror;
  private final Path reached;
  private final List<String> always;
  private final Random random = new Random(Extent.SEED);
  private Duration clockAhead = Duration.ZERO;

  /**
   * Of a mirror's daemon.
   *
   * @param reached is made and removed again at each failpoint
   * @param always options of every daemon's JVM
   */
  Striker(Mirror mirror, Path reached, List<String> always) {
    this.mirror = mirror;
    this.reached = reached;
    this.always = List.copyOf(always);
  }

  /** With the clock of the last start. */
  FirnProcess.Surroundings surroundings(List<String> options) {
    List<String> all = new ArrayList<>(always);
    all.addAll(options);
    return new FirnProcess.Surroundings(all, clockAhead);
  }

  /** Runs the daemon until the blow; whether it came to the failpoint. */
  boolean strike(Blow blow) throws Exception {
    Files.deleteIfExists(reached);
    switch (blow.before()) {
      case A_TABLE_IS_DROPPED -> dropATable();
      case THE_CLOCK_JUMPS -> clockAhead = clockAhead.plus(JUMP);
      case NOTHING, IT_IS_ASKED_TO_STOP, THE_COMMIT_IS_CUT, THE_ANSWER_IS_LOST -> {}
    }
    try (FirnProcess firn = mirror.run(surroundings(options(blow)))) {
      if (blow.before() == Blow.Before.IT_IS_ASKED_TO_STOP) {
        firn.awaitReady(mirror.httpPort(), blow.within());
        firn.askToEnd();
      }
      boolean stands = await(firn, blow.within());
      if (stands && blow.before().inCommit()) {
        disturbCommit(blow.before());
        stands = await(firn, blow.within());
      }
      firn.kill();
      return stands;
    }
  }

  private List<String> options(Blow blow) {
    // Most of these processes end before a second compiler would pay.
    List<String> options = new ArrayList<>(List.of("-XX:TieredStopAtLevel=1"));
    if (blow.at().isPresent()) {
      options.addAll(Armed.at(blow.armed(), reached));
    }
    return options;
  }

  private void disturbCommit(Blow.Before how) throws IOException, InterruptedException {
    if (how == Blow.Before.THE_ANSWER_IS_LOST) {
      mirror.network().catalog().swallowAnswers();
      Files.delete(reached);
      if (!mirror.network().catalog().awaitSwallowed(ANSWER_WITHIN)) {
        throw new IOException("the catalog did not answer within " + ANSWER_WITHIN);
      }
      mirror.network().catalog().interrupt();
      mirror.network().catalog().restore();
    } else {
      mirror.network().catalog().cut();
      Files.delete(reached);
    }
  }

  private boolean await(FirnProcess firn, Duration limit) throws IOException, InterruptedException {
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

  private void dropATable() {
    List<String> tables = mirror.tables().names();
    String table = tables.get(random.nextInt(tables.size()));
    try (JdbcCatalog catalog = new JdbcCatalog()) {
      catalog.initialize(mirror.catalog().name(), mirror.catalog().icebergProperties());
      catalog.dropTable(TableIdentifier.of(mirror.tables().schema(), table), false);
    }
  }
}
