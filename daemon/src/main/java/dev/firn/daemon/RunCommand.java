package dev.firn.daemon;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code firn run}. */
@Command(
    name = "run",
    description = "Mirrors until SIGTERM, which ends it after the checkpoint in hand.",
    mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(RunCommand.class);

  /** Longer than a checkpoint may take; a supervisor's own patience is rarely longer. */
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(90);

  private final Session session;
  @Mixin private final ConfigOption config = new ConfigOption();

  RunCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    try (Daemon daemon = new Daemon(session.config(config.file), _ -> {}, session.clock())) {
      Signals.onStop(() -> stop(daemon, ended));
      LOG.info("health and meters at {}", daemon.address());
      daemon.run();
      LOG.info("stopped");
      return ExitCode.DONE.code();
    } finally {
      ended.countDown();
    }
  }

  private static void stop(Daemon daemon, CountDownLatch ended) {
    LOG.info("stopping");
    daemon.stop();
    try {
      if (!ended.await(STOP_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
        LOG.error("not stopped within {} s; ending the process", STOP_TIMEOUT.toSeconds());
        Main.endAtOnce();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
