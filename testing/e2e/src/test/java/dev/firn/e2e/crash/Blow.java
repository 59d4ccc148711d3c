package dev.firn.e2e.crash;

import dev.firn.change.fault.Failpoint;
import java.time.Duration;
import java.util.Optional;

/**
 * One run of the daemon, and how it ends: by SIGKILL, at a failpoint or at any moment.
 *
 * @param at where; empty for any moment
 * @param hit the how-manieth time
 * @param within for a failpoint, how long is waited for it; else when the kill comes
 * @param before what is done first
 */
record Blow(Optional<Failpoint> at, int hit, Duration within, Before before) {
  /** What is done before the daemon is killed. */
  enum Before {
    NOTHING,
    /** An Iceberg table is dropped before the start, as Firn's own mends ask for. */
    A_TABLE_IS_DROPPED,
    /** The daemon is asked to stop. */
    IT_IS_ASKED_TO_STOP,
    /** The daemon's clock is ahead of its former one by more than snapshots are kept. */
    THE_CLOCK_JUMPS,
    /** The connections to the catalog are cut before the pointers have moved. */
    THE_COMMIT_IS_CUT,
    /** The pointers move, and the catalog's answer does not arrive. */
    THE_ANSWER_IS_LOST;

    /** Whether something is done while the pointers are being moved. */
    boolean inCommit() {
      return this == THE_COMMIT_IS_CUT || this == THE_ANSWER_IS_LOST;
    }
  }

  private static final Duration REACHED_WITHIN = Duration.ofSeconds(30);

  /** The commits before belong to the start. */
  private static final int COMMIT = 3;

  static Blow at(Failpoint failpoint, int hit, Before before) {
    return new Blow(Optional.of(failpoint), hit, REACHED_WITHIN, before);
  }

  static Blow after(Duration time) {
    return new Blow(Optional.empty(), 1, time, Before.NOTHING);
  }

  /** In the words of the system property. */
  String armed() {
    String last = at.map(failpoint -> failpoint.name() + "@" + hit).orElse("");
    return before.inCommit() ? Failpoint.COMMIT_HALF.name() + "@" + COMMIT + "," + last : last;
  }

  @Override
  public String toString() {
    String where =
        at.map(failpoint -> failpoint + (hit == 1 ? "" : " (" + hit + ")"))
            .orElseGet(() -> "after " + within.toMillis() + " ms");
    return before == Before.NOTHING ? where : where + ", " + before;
  }
}
