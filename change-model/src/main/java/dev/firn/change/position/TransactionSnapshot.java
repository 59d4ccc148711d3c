package dev.firn.change.position;

import java.util.Arrays;
import java.util.Objects;

/**
 * Which transactions an ordinary PostgreSQL snapshot shows: those below {@code xmax} that were not
 * in progress. Text: {@code xmin:xmax:xip,xip,…}, the form of {@code pg_current_snapshot()}, with
 * 64-bit ids throughout.
 */
public final class TransactionSnapshot {
  private final long xmin;
  private final long xmax;
  private final long[] inProgress;

  private TransactionSnapshot(long xmin, long xmax, long[] inProgress) {
    this.xmin = xmin;
    this.xmax = xmax;
    this.inProgress = inProgress;
  }

  /**
   * Reads {@code pg_current_snapshot()::text}.
   *
   * @throws IllegalArgumentException where the text is none
   */
  public static TransactionSnapshot parse(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length != 3) {
      throw new IllegalArgumentException("not a snapshot: " + text);
    }
    long[] xip =
        parts[2].isEmpty()
            ? new long[0]
            : Arrays.stream(parts[2].split(",", -1)).mapToLong(Long::parseLong).sorted().toArray();
    return new TransactionSnapshot(Long.parseLong(parts[0]), Long.parseLong(parts[1]), xip);
  }

  /** Whether the snapshot shows what the transaction with this 64-bit id did. */
  public boolean shows(long xid) {
    return xid < xmin || (xid < xmax && Arrays.binarySearch(inProgress, xid) < 0);
  }

  /** Every id below this one had ended when the snapshot was taken. */
  public long xmin() {
    return xmin;
  }

  /** No id at or above this one had ended when the snapshot was taken. */
  public long xmax() {
    return xmax;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TransactionSnapshot that
        && xmin == that.xmin
        && xmax == that.xmax
        && Arrays.equals(inProgress, that.inProgress);
  }

  @Override
  public int hashCode() {
    return Objects.hash(xmin, xmax, Arrays.hashCode(inProgress));
  }

  /** The text that {@link #parse} reads. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder().append(xmin).append(':').append(xmax).append(':');
    for (int i = 0; i < inProgress.length; i++) {
      text.append(i == 0 ? "" : ",").append(inProgress[i]);
    }
    return text.toString();
  }
}
