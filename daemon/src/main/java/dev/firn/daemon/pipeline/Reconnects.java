package dev.firn.daemon.pipeline;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Spaces attempts to reconnect: exponential with full jitter up to a cap, and given up when nothing
 * has worked for a stated time. Unlike {@link dev.firn.change.fault.Backoff} a wait ends at once
 * when the pipeline is told to stop. {@link #worked} may be called from another thread.
 */
final class Reconnects {
  private final Duration first;
  private final Duration cap;
  private final Duration giveUpAfter;
  private int attempts;
  private long firstFailureNanos;

  Reconnects(Duration first, Duration cap, Duration giveUpAfter) {
    this.first = first;
    this.cap = cap;
    this.giveUpAfter = giveUpAfter;
  }

  /** Progress was made: the next failure is the first of a new series. */
  synchronized void worked() {
    attempts = 0;
  }

  /** How long to wait at most before the next attempt; zero where there is none any more. */
  synchronized Duration failed() {
    long now = System.nanoTime();
    if (attempts == 0) {
      firstFailureNanos = now;
    } else if (now - firstFailureNanos >= giveUpAfter.toNanos()) {
      return Duration.ZERO;
    }
    long bound = Math.min(cap.toMillis(), first.toMillis() << Math.min(attempts, 16));
    attempts++;
    return Duration.ofMillis(1 + ThreadLocalRandom.current().nextLong(Math.max(1, bound)));
  }

  /** Waits; true where the stop came. */
  static boolean await(Duration wait, CountDownLatch stop) throws InterruptedException {
    return stop.await(wait.toMillis(), TimeUnit.MILLISECONDS);
  }
}
