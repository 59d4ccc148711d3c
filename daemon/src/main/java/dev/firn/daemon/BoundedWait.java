package dev.firn.daemon;

import dev.firn.change.fault.FirnException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Waits for an answer no longer than a person does, whatever retries there are below. */
final class BoundedWait {
  private BoundedWait() {}

  /**
   * Asks on a thread of its own, which is interrupted and left behind where it does not answer.
   *
   * @throws FirnException the one given, where there is no answer in time; what the question throws
   *     passes through
   */
  static <T> T answer(Duration limit, Callable<T> question, Supplier<FirnException> none)
      throws Exception {
    FutureTask<T> task = new FutureTask<>(question);
    Thread.ofPlatform().daemon().name("firn-question").start(task);
    try {
      return task.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      task.cancel(true);
      FirnException failure = none.get();
      failure.addSuppressed(e);
      throw failure;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }
}
