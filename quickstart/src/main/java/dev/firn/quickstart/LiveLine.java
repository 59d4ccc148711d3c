package dev.firn.quickstart;

import dev.firn.daemon.pipeline.PipelineState;
import dev.firn.daemon.print.Amounts;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.PrintStream;
import java.util.Locale;

/**
 * Shows how a mirror is getting on, from the daemon's own meters: one line that is written over on
 * a terminal, one now and then elsewhere. Not thread-safe.
 */
final class LiveLine {
  private static final long PLAIN_EVERY_NANOS = 5_000_000_000L;
  private static final int WINDOW = 20;
  private static final double BEHIND_SECONDS = 5;

  private final PrintStream out;
  private final boolean terminal;
  private final MeterRegistry meters;
  private final long startNanos = System.nanoTime();
  private final double[] changesAt = new double[WINDOW];
  private final long[] nanosAt = new long[WINDOW];
  private int samples;
  private long lastPlainNanos = startNanos;
  private boolean shown;

  LiveLine(PrintStream out, boolean terminal, MeterRegistry meters) {
    this.out = out;
    this.terminal = terminal;
    this.meters = meters;
  }

  /** Shows the state now; {@code committed} is what the shop has committed. */
  void show(PipelineState state, long committed) {
    long now = System.nanoTime();
    double changes = sum("firn.streamed.changes");
    int slot = samples % WINDOW;
    boolean full = samples >= WINDOW;
    double since = full ? changesAt[slot] : samples == 0 ? changes : changesAt[0];
    long sinceNanos = full ? nanosAt[slot] : samples == 0 ? now : nanosAt[0];
    changesAt[slot] = changes;
    nanosAt[slot] = now;
    samples++;
    if (!terminal && now - lastPlainNanos < PLAIN_EVERY_NANOS) {
      return;
    }
    lastPlainNanos = now;
    double perSecond = now > sinceNanos ? (changes - since) * 1e9 / (now - sinceNanos) : 0;
    String text =
        String.format(
            Locale.ROOT,
            "%3.0f s  %-12s  %9s shop tx  %9s rows copied  %9s changes read, %6s/s, lag %7s"
                + "  %9s in the replica by %3.0f checkpoints",
            (now - startNanos) / 1e9,
            word(state),
            Amounts.count(committed),
            Amounts.count(sum("firn.load.rows")),
            Amounts.count(changes),
            Amounts.count(perSecond),
            Amounts.seconds(lag()),
            Amounts.count(sum("firn.rows")),
            sum("firn.checkpoints"));
    if (terminal) {
      out.print("\r" + text + "\u001b[K");
      out.flush();
    } else {
      out.println(text);
    }
    shown = true;
  }

  /** Ends the line that is written over. */
  void end() {
    if (terminal && shown) {
      out.println();
    }
    shown = false;
  }

  double lag() {
    Gauge lag = meters.find("firn.lag").gauge();
    return lag == null ? Double.NaN : lag.value();
  }

  /** The sum of all counters or gauges of a name. */
  double sum(String name) {
    double sum = 0;
    for (Meter meter : meters.find(name).meters()) {
      sum +=
          switch (meter) {
            case Counter counter -> counter.count();
            case Gauge gauge -> gauge.value();
            default -> 0;
          };
    }
    return sum;
  }

  /**
   * The state in a word. After first copies there is no checkpoint before the stream has passed the
   * place up to which they show the source: until then the daemon streams and is not there yet.
   */
  private String word(PipelineState state) {
    boolean there = sum("firn.checkpoints") > 0 && lag() <= BEHIND_SECONDS;
    return state == PipelineState.STREAMING && !there
        ? "catching up"
        : state.name().toLowerCase(Locale.ROOT);
  }
}
