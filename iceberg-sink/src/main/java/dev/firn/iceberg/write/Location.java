package dev.firn.iceberg.write;

/**
 * Where a key's row is, as the key index keeps it: at a position of a file (the file's ordinal in
 * the high 32 bits, below 2³⁰), or in a slot of the pending rows (bit 62 and the slot), or gone
 * within this checkpoint.
 */
final class Location {
  /** The row was deleted within this checkpoint. */
  static final long DELETED = -2;

  private static final long PENDING = 1L << 62;

  private Location() {}

  static long inFile(int ordinal, long position) {
    return (long) ordinal << 32 | position;
  }

  static long pending(int slot) {
    return PENDING | slot;
  }

  static boolean isPending(long location) {
    return location >= PENDING;
  }

  static boolean isInFile(long location) {
    return location >= 0 && location < PENDING;
  }

  static int slot(long location) {
    return (int) location;
  }

  static int ordinal(long location) {
    return (int) (location >>> 32);
  }

  static long position(long location) {
    return location & 0xFFFF_FFFFL;
  }
}
