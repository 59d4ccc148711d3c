package dev.firn.cdc.stream;

/** A value that has no form in the replica; the message is the reason. */
final class Unrepresentable extends Exception {
  private static final long serialVersionUID = 1L;

  Unrepresentable(String why) {
    super(why, null, false, false);
  }
}
