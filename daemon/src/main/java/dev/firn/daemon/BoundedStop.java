package dev.firn.daemon;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stop that ends in time, whatever does not answer: first the work is asked to end in order, then
 * its thread is interrupted, at last the process is ended. Closed by the work's thread once the
 * work has ended.
 */
final class BoundedStop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BoundedStop.class);

  /**
   * How long a stop may take, each counted from its beginning.
   *
   * @param inOrder until the work is interrupted
   * @param inAll until the process is ended
   */
  record Limits(Duration inOrder, Duration inAll) {
    /** Both are below the 60 s that docker-compose.yml gives before it kills. */
    static final Limits DEFAULT = new Limits(Duration.ofSeconds(25), Duration.ofSeconds(50));

    Limits {
      if (inOrder.compareTo(inAll) > 0) {
        throw new IllegalArgumentException(inOrder + " is longer than " + inAll);
      }
    }
  }

  private final Thread worker;
  private final Limits limits;
  private final Runnable endAtOnce;
  private final AtomicBoolean begun = new AtomicBoolean();
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Object lock = new Object();
  private boolean interrupted;

  /**
   * A stop, not begun.
   *
   * @param worker does the work
   * @param endAtOnce ends the process
   */
  BoundedStop(Thread worker, Limits limits, Runnable endAtOnce) {
    this.worker = worker;
    this.limits = limits;
    this.endAtOnce = endAtOnce;
  }

  /** Stops. Returns once the work has ended; does nothing where a stop was begun before. */
  void begin(Runnable ask) {
    if (!begun.compareAndSet(false, true)) {
      return;
    }
    LOG.info("stopping");
    ask.run();
    try {
      if (ended.await(limits.inOrder().toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
      interruptWorker();
      Duration rest = limits.inAll().minus(limits.inOrder());
      if (!ended.await(rest.toMillis(), TimeUnit.MILLISECONDS)) {
        endAtOnce.run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void interruptWorker() {
    synchronized (lock) {
      if (ended.getCount() > 0) {
        LOG.warn("not stopped within {}; what is in hand is given up", text(limits.inOrder()));
        interrupted = true;
        worker.interrupt();
      }
    }
  }

  /** Whether the work was interrupted, so that its failure says nothing else. */
  boolean interruptedIt() {
    synchronized (lock) {
      return interrupted;
    }
  }

  static String text(Duration limit) {
    return limit.toSeconds() + " s";
  }

  @Override
  public void close() {
    synchronized (lock) {
      ended.countDown();
    }
  }
}
