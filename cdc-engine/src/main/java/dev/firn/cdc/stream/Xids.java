package dev.firn.cdc.stream;

/**
 * Extends the stream's 32-bit transaction ids to 64 bits: to the one nearest to a reference, which
 * moves along. PostgreSQL lets no two ids in use lie further apart than 2^31. Not thread-safe.
 */
final class Xids {
  private static final long EPOCH = 1L << 32;

  private long reference;

  /** Starts at a 64-bit id of the source from about the time of the stream. */
  Xids(long reference) {
    this.reference = reference;
  }

  /** The 64-bit id of an unsigned 32-bit one. */
  long extend(long xid32) {
    long candidate = (reference & ~(EPOCH - 1)) | xid32;
    if (candidate - reference > EPOCH / 2 && candidate >= EPOCH) {
      candidate -= EPOCH;
    } else if (reference - candidate > EPOCH / 2) {
      candidate += EPOCH;
    }
    reference = candidate;
    return candidate;
  }
}
