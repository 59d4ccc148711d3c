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
    double changes = sum("firn.rows");
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
            "%4.0f s  %-9s  %11s rows copied  %9s shop tx  %10s changes  %7s/s  lag %7s"
                + "  %3.0f checkpoints",
            (now - startNanos) / 1e9,
            word(state),
            Amounts.count(sum("firn.load.rows")),
            Amounts.count(committed),
            Amounts.count(changes),
            Amounts.count(perSecond),
            Amounts.seconds(lag()),
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

  private static String word(PipelineState state) {
    return state.name().toLowerCase(Locale.ROOT);
  }
}
