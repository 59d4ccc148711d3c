package dev.firn.daemon.print;

import java.time.Duration;
import java.util.Locale;

/** Numbers as people read them. */
public final class Amounts {
  private static final String[] BYTE_UNITS = {"B", "kB", "MB", "GB", "TB"};

  private Amounts() {}

  /** A count with its thousands set apart: {@code 1,234,567}. */
  public static String count(double value) {
    return String.format(Locale.ROOT, "%,d", Math.round(value));
  }

  /** So many of a thing: {@code 1 table}, {@code 1,234 tables}. */
  public static String of(long count, String noun) {
    return count(count) + " " + noun + (count == 1 ? "" : "s");
  }

  /** Bytes in powers of 1000: {@code 12.3 MB}. */
  public static String bytes(double value) {
    int unit = 0;
    double scaled = value;
    while (scaled >= 1000 && unit < BYTE_UNITS.length - 1) {
      scaled /= 1000;
      unit++;
    }
    return unit == 0
        ? Math.round(scaled) + " B"
        : String.format(
            Locale.ROOT, scaled < 100 ? "%.1f %s" : "%.0f %s", scaled, BYTE_UNITS[unit]);
  }

  /** Seconds: {@code 850 ms}, {@code 2.3 s}, {@code 4 min 10 s}, {@code 3 h 5 min}. */
  public static String seconds(double value) {
    if (Double.isNaN(value)) {
      return "-";
    }
    if (value < 1) {
      return Math.round(value * 1000) + " ms";
    }
    if (value < 60) {
      return String.format(Locale.ROOT, "%.1f s", value);
    }
    Duration duration = Duration.ofSeconds(Math.round(value));
    if (value < 3600) {
      return duration.toMinutes() + " min " + duration.toSecondsPart() + " s";
    }
    return duration.toHours() + " h " + duration.toMinutesPart() + " min";
  }
}
