package dev.firn.quickstart;

import dev.firn.daemon.Daemon;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The daemon on a thread of its own; what ends it is thrown where it is asked after. */
final class DaemonThread {
  private static final long STOP_SECONDS = 60;

  private final Daemon daemon;
  private final Thread thread;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  DaemonThread(Daemon daemon) {
    this.daemon = daemon;
    this.thread = new Thread(this::run, "firn-daemon");
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  private void run() {
    try {
      daemon.run();
    } catch (InterruptedException e) {
      failure.set(e);
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      failure.set(e);
    }
  }

  /** Throws what ended the daemon, where something did. */
  void check() {
    Throwable ended = failure.get();
    switch (ended) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException("the daemon was interrupted", ended);
    }
  }

  /** Stops the daemon and waits for its last checkpoint. */
  void stop() throws InterruptedException {
    daemon.stop();
    thread.join(TimeUnit.SECONDS.toMillis(STOP_SECONDS));
    check();
    if (thread.isAlive()) {
      throw new IllegalStateException("the daemon did not stop within " + STOP_SECONDS + " s");
    }
  }
}
