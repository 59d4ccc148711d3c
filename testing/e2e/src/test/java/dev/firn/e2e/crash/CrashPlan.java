package dev.firn.e2e.crash;

import dev.firn.change.fault.Failpoint;
import dev.firn.e2e.crash.Blow.Before;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * The blows of a run, drawn from a seed: a new replica is struck at each step of its making; then
 * every other failpoint is, in an order of its own, as often as there are kills. Half of the blows
 * strike while the daemon recovers from the one before.
 */
final class CrashPlan {
  /** Reached on the way to a replica's first row. */
  private static final List<Failpoint> MAKING =
      List.of(
          Failpoint.SLOT_MADE,
          Failpoint.SOURCE_ATTACHED,
          Failpoint.TABLE_MADE,
          Failpoint.LOAD_ROW,
          Failpoint.LOAD_COPIED,
          Failpoint.LOAD_COMMITTED);

  /** Reached once in the life of a replica. */
  private static final Set<Failpoint> ONCE =
      EnumSet.of(Failpoint.SLOT_MADE, Failpoint.SOURCE_ATTACHED);

  /** Reached where a table has many old snapshots, so last in a round. */
  private static final List<Failpoint> EXPIRY =
      List.of(Failpoint.FILES_EXPIRED, Failpoint.SNAPSHOTS_EXPIRED);

  /** Reached by each start, before or while it takes the replica over. */
  private static final List<Failpoint> RECOVERY =
      List.of(
          Failpoint.EPOCH_CLAIMED,
          Failpoint.TABLES_FENCED,
          Failpoint.SNAPSHOT_DUE,
          Failpoint.SNAPSHOT_STAGED,
          Failpoint.COMMIT_DUE,
          Failpoint.COMMIT_HALF,
          Failpoint.COMMIT_DONE,
          Failpoint.INDEX_UPDATED);

  /** Then every table has more of them than are kept. */
  private static final Duration TO_MAKE_SNAPSHOTS = Duration.ofSeconds(35);

  private static final int LONGEST_RUN_MILLIS = 4_000;

  /** Of what is reached once or more for each table of a checkpoint. */
  private static final int HIGHEST_HIT = 20;

  /** Of what is reached once a checkpoint. */
  private static final int HIGHEST_CHECKPOINT = 3;

  private CrashPlan() {}

  static List<Blow> of(long seed, int kills) {
    Random random = new Random(seed);
    List<Blow> blows = new ArrayList<>();
    for (Failpoint failpoint : MAKING) {
      blows.add(Blow.at(failpoint, 1, Before.NOTHING));
    }
    List<Failpoint> left = round(random);
    left.removeAll(MAKING);
    while (blows.size() < kills) {
      if (left.isEmpty()) {
        left = round(random);
      }
      Failpoint next = left.removeLast();
      if (next.equals(EXPIRY.getLast())) {
        blows.add(Blow.after(TO_MAKE_SNAPSHOTS));
      }
      blows.add(at(next, random));
      blows.add(inRecovery(random));
    }
    return blows.subList(0, Math.max(kills, MAKING.size()));
  }

  /** Taken from its end. */
  private static List<Failpoint> round(Random random) {
    List<Failpoint> round = new ArrayList<>(EnumSet.complementOf(EnumSet.copyOf(ONCE)));
    round.removeAll(EXPIRY);
    Collections.shuffle(round, random);
    round.addAll(0, EXPIRY);
    return round;
  }

  private static Blow at(Failpoint failpoint, Random random) {
    return switch (failpoint) {
      case TABLE_MADE, LOAD_ROW, LOAD_COPIED, LOAD_COMMITTED ->
          Blow.at(failpoint, 1, Before.A_TABLE_IS_DROPPED);
      case STOPPED -> Blow.at(failpoint, 1, Before.IT_IS_ASKED_TO_STOP);
      case READ_BACK_DUE ->
          Blow.at(
              failpoint,
              1,
              random.nextBoolean() ? Before.THE_COMMIT_IS_CUT : Before.THE_ANSWER_IS_LOST);
      case SNAPSHOTS_EXPIRED, FILES_EXPIRED -> Blow.at(failpoint, 1, Before.THE_CLOCK_JUMPS);
      case EPOCH_CLAIMED, TABLES_FENCED -> Blow.at(failpoint, 1, Before.NOTHING);
      case COMMIT_DUE,
          COMMIT_HALF,
          COMMIT_DONE,
          POSITION_RECORDED,
          ACKNOWLEDGEMENT_DUE,
          ACKNOWLEDGED ->
          Blow.at(failpoint, 1 + random.nextInt(HIGHEST_CHECKPOINT), Before.NOTHING);
      default -> Blow.at(failpoint, 1 + random.nextInt(HIGHEST_HIT), Before.NOTHING);
    };
  }

  private static Blow inRecovery(Random random) {
    return random.nextBoolean()
        ? Blow.at(RECOVERY.get(random.nextInt(RECOVERY.size())), 1, Before.NOTHING)
        : Blow.after(Duration.ofMillis(random.nextInt(LONGEST_RUN_MILLIS)));
  }
}
