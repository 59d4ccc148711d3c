package dev.firn.daemon;

import dev.firn.change.fault.FirnException;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code firn run}. */
@Command(
    name = "run",
    description = "Mirrors until SIGTERM, which ends it after the checkpoint in hand.",
    mixinStandardHelpOptions = true,
    version = Main.VERSION)
final class RunCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(RunCommand.class);
  private static final String NOTHING_LOST =
      "Nothing is lost: the next start goes on from the last checkpoint. See whether source,"
          + " catalog and bucket answer.";

  private final Session session;
  @Mixin private final ConfigOption config = new ConfigOption();

  RunCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws InterruptedException {
    BoundedStop.Limits limits = BoundedStop.Limits.DEFAULT;
    try (BoundedStop stop =
        new BoundedStop(Thread.currentThread(), limits, () -> endAtOnce(limits))) {
      try (Daemon daemon = new Daemon(session.config(config.file), _ -> {}, session.clock())) {
        Signals.onStop(() -> stop.begin(daemon::stop));
        LOG.info("health and meters at {}", daemon.address());
        daemon.run();
        LOG.info("stopped");
        return ExitCode.DONE.code();
      } catch (InterruptedException | RuntimeException e) {
        if (stop.interruptedIt()) {
          throw givenUp(limits, e);
        }
        throw e;
      }
    }
  }

  private static FirnException givenUp(BoundedStop.Limits limits, Exception failure) {
    String what = "stopped in the middle of something that did not end within ";
    String bound = BoundedStop.text(limits.inOrder());
    return failure instanceof FirnException known
        ? new FirnException(
            known.kind(), what + bound + ": " + known.getMessage(), NOTHING_LOST, known)
        : new FirnException(
            FirnException.Kind.REPLICA_UNREACHABLE, what + bound, NOTHING_LOST, failure);
  }

  private void endAtOnce(BoundedStop.Limits limits) {
    session
        .output()
        .failure(
            "not stopped within " + BoundedStop.text(limits.inAll()) + ", so the process was ended",
            NOTHING_LOST);
    Main.endAtOnce();
  }
}
