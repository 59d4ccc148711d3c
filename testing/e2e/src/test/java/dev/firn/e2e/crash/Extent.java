package dev.firn.e2e.crash;

import java.time.Duration;
import java.util.List;

/**
 * How far the crash suite goes: a short part of it in every build, all of it by {@code ./firn test
 * crash}. One seed gives one order of blows and one order of changes.
 */
final class Extent {
  /** Whether all of it runs, and not the short part. */
  static final boolean FULL = Boolean.getBoolean("firn.crash.full");

  static final long SEED = Long.getLong("firn.crash.seed", 20_261_121);

  /** How often the daemon is killed; by default so often that each failpoint is hit. */
  static final int KILLS = Integer.getInteger("firn.crash.kills", 49);

  /** Clients that change the source meanwhile. */
  static final int CLIENTS = 2;

  /** Between a client's transactions: what waits for the daemon stays little. */
  static final Duration PAUSE = Duration.ofMillis(40);

  private Extent() {}

  /** All of them, or in the short part the first. */
  static <T> List<T> of(List<T> all, int inShort) {
    return FULL ? all : all.subList(0, inShort);
  }
}
