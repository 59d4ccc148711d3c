package dev.firn.e2e.daemon;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Threads that keep a database busy, each until it is told to stop. */
final class Clients implements AutoCloseable {
  private static final int CLOSE_LIMIT_SECONDS = 30;

  /** What one client does, until {@link #stopped}. */
  @FunctionalInterface
  interface Work {
    void run() throws Exception;
  }

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Future<?>> running = new ArrayList<>();
  private volatile boolean stopped;

  void start(Work work) {
    running.add(
        threads.submit(() -> {
          work.run();
          return null;
        }));
  }

  boolean stopped() {
    return stopped;
  }

  /** Ends the clients after the transactions that they are in; a client's failure is thrown. */
  void stop() throws ExecutionException, InterruptedException {
    stopped = true;
    for (Future<?> client : running) {
      client.get();
    }
  }

  @Override
  public void close() {
    stopped = true;
    threads.shutdown();
    try {
      if (!threads.awaitTermination(CLOSE_LIMIT_SECONDS, TimeUnit.SECONDS)) {
        threads.shutdownNow();
      }
    } catch (InterruptedException e) {
      threads.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
