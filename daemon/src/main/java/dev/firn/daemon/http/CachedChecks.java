package dev.firn.daemon.http;

import dev.firn.change.fault.FirnException;
import dev.firn.change.health.Check;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at one part of the world, on a thread of its own, only when asked and not more often than a
 * stated pace. A look that takes too long is not waited for, and none is begun beside it.
 * Thread-safe.
 */
public final class CachedChecks implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CachedChecks.class);

  private final String name;
  private final Callable<List<Check>> look;
  private final Duration keep;
  private final Duration patience;
  private final ExecutorService thread;
  private @Nullable Future<List<Check>> last;
  private long lastNanos;

  /**
   * Checks, none made yet.
   *
   * @param name of the check that tells where the look failed or did not end
   * @param keep how long a look's result is given again
   * @param patience how long a result is waited for
   */
  public CachedChecks(String name, Duration keep, Duration patience, Callable<List<Check>> look) {
    this.name = name;
    this.look = look;
    this.keep = keep;
    this.patience = patience;
    this.thread =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("firn-check-" + name).factory());
  }

  /** What the last look found; makes one where it is too old. */
  public List<Check> get() {
    try {
      return current().get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return failed("no answer within " + patience.toMillis() + " ms", "See whether it works.");
    } catch (ExecutionException e) {
      return switch (e.getCause()) {
        case FirnException known -> failed(String.valueOf(known.getMessage()), known.mend());
        case null, default -> failed(String.valueOf(e.getCause()), "See the log.");
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return failed("the look was interrupted", "Ask again.");
    }
  }

  private synchronized Future<List<Check>> current() {
    long now = System.nanoTime();
    Future<List<Check>> had = last;
    if (had != null && (!had.isDone() || now - lastNanos < keep.toNanos())) {
      return had;
    }
    Future<List<Check>> begun = thread.submit(this::look);
    last = begun;
    lastNanos = now;
    return begun;
  }

  private List<Check> look() throws Exception {
    try {
      return look.call();
    } catch (FirnException e) {
      LOG.debug("{}: {}", name, e.getMessage(), e);
      throw e;
    } catch (RuntimeException | Error e) {
      if (!thread.isShutdown()) {
        LOG.warn("looking at {} failed", name, e);
      }
      throw e;
    }
  }

  private List<Check> failed(String what, String mend) {
    return List.of(Check.failed(name, what, mend.isBlank() ? "See 'firn doctor'." : mend));
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
