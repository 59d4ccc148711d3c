package dev.firn.change.fault;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Waits between attempts: exponential, with full jitter and a cap ("Exponential Backoff And
 * Jitter", AWS Architecture Blog, 2015), for a bounded number of attempts. Not thread-safe.
 */
public final class Backoff {
  private final Duration first;
  private final Duration cap;
  private final int maxAttempts;
  private int attempts;

  /**
   * A new series.
   *
   * @param first the bound of the first wait
   * @param cap the bound of every wait
   * @param maxAttempts how many waits there are before {@link #await} says no
   */
  public Backoff(Duration first, Duration cap, int maxAttempts) {
    this.first = first;
    this.cap = cap;
    this.maxAttempts = maxAttempts;
  }

  /** Waits before the next attempt; false, at once, where no attempt is left. */
  public boolean await() throws InterruptedException {
    if (attempts >= maxAttempts) {
      return false;
    }
    long boundMillis = Math.min(cap.toMillis(), first.toMillis() << Math.min(attempts, 20));
    attempts++;
    pause(Duration.ofMillis(1 + ThreadLocalRandom.current().nextLong(Math.max(1, boundMillis))));
    return true;
  }

  /** How many waits there have been. */
  public int attempts() {
    return attempts;
  }

  /** Sleeps: the one place where Firn does. */
  @SuppressForbidden("the one place where Firn sleeps")
  public static void pause(Duration duration) throws InterruptedException {
    Thread.sleep(duration);
  }
}
