package dev.firn.daemon.print;

/** A replication slot, in one line. */
public final class SlotText {
  private SlotText() {}

  /**
   * How a slot stands: {@code firn: reserved, keeps 1.2 MB of log, in use}.
   *
   * @param walStatus whether the server still has the log that it needs, in the server's word
   * @param active whether somebody streams from it
   */
  public static String of(String name, String walStatus, long retainedBytes, boolean active) {
    return name
        + ": "
        + walStatus
        + ", keeps "
        + Amounts.bytes(retainedBytes)
        + " of log, "
        + (active ? "in use" : "not in use");
  }
}
