package dev.firn.daemon;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.slot.SlotCheck;
import dev.firn.cdc.slot.SlotStatus;
import dev.firn.change.health.Check;
import dev.firn.config.FirnConfig;
import dev.firn.config.SourceConfig;
import dev.firn.daemon.http.CachedChecks;
import dev.firn.daemon.http.Health;
import dev.firn.daemon.pipeline.PipelineState;
import dev.firn.daemon.print.Amounts;
import dev.firn.daemon.print.SlotText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * How the parts of a daemon stand. Source and replica are each asked only when somebody asks here,
 * at most every five seconds, and an answer is waited for two seconds at most.
 */
final class DaemonHealth implements AutoCloseable {
  private static final Duration KEEP = Duration.ofSeconds(5);
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Supplier<PipelineState> state;
  private final DoubleSupplier lagSeconds;
  private final CachedChecks source;
  private final CachedChecks replica;
  private final ReplicaLook look;

  /**
   * The health of one daemon.
   *
   * @param lagSeconds how far the stream is behind; NaN where unknown
   */
  DaemonHealth(FirnConfig config, Supplier<PipelineState> state, DoubleSupplier lagSeconds) {
    this.state = state;
    this.lagSeconds = lagSeconds;
    PostgresConnections connections = new PostgresConnections(config.source());
    this.source = new CachedChecks("source", KEEP, PATIENCE, () -> source(config, connections));
    this.look = new ReplicaLook(config.catalog());
    this.replica = new CachedChecks("replica", KEEP, PATIENCE, this::replica);
  }

  /** Healthy unless only a restart helps. Asks nobody. */
  Health live() {
    PipelineState now = state.get();
    return new Health(now != PipelineState.FAILED, List.of(pipeline(now)));
  }

  /** Healthy where the replica follows the source, and source, slot and replica are well. */
  Health ready() {
    PipelineState now = state.get();
    List<Check> checks = new ArrayList<>();
    checks.add(pipeline(now));
    checks.addAll(source.get());
    checks.addAll(replica.get());
    boolean well = checks.stream().noneMatch(c -> c.outcome() == Check.Outcome.FAILED);
    return new Health(now == PipelineState.STREAMING && well, checks);
  }

  private Check pipeline(PipelineState now) {
    if (now == PipelineState.STREAMING) {
      double lag = lagSeconds.getAsDouble();
      return Check.ok(
          "pipeline", now + (Double.isNaN(lag) ? "" : ", " + Amounts.seconds(lag) + " behind"));
    }
    return now.ended()
        ? Check.failed("pipeline", now.toString(), "See the log: it says why, and what to do.")
        : Check.warning("pipeline", now.toString(), "Wait until it streams.");
  }

  private static List<Check> source(FirnConfig config, PostgresConnections connections) {
    String slot = config.source().slot();
    Optional<SlotStatus> status = SlotStatus.read(connections, slot);
    return List.of(
        Check.ok("source", config.source().address() + " answers"),
        status
            .map(found -> slot(config.source(), found))
            .orElseGet(() -> Check.failed("slot", slot + " does not exist", "See 'firn doctor'.")));
  }

  private static Check slot(SourceConfig source, SlotStatus status) {
    String detail =
        SlotText.of(source.slot(), status.walStatus(), status.retainedBytes(), status.active());
    return switch (status.walStatus()) {
      case "lost" -> Check.failed("slot", detail, SlotCheck.loadAgain(source));
      case "unreserved" ->
          Check.warning("slot", detail, "Raise max_slot_wal_keep_size, or the slot will be lost.");
      default -> Check.ok("slot", detail);
    };
  }

  private List<Check> replica() {
    return List.of(
        look.read()
            .map(found -> Check.ok("replica", "stands at checkpoint " + found.checkpoint()))
            .orElseGet(() ->
                Check.warning("replica", "not begun yet", "Wait until the first copies begin.")));
  }

  @Override
  public void close() {
    source.close();
    replica.close();
    look.close();
  }
}
