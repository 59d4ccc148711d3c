package dev.firn.change.position;

import java.util.ArrayList;
import java.util.List;

/**
 * A place in PostgreSQL's write-ahead log.
 *
 * <p>A transaction is covered where its observed end is at or before {@code lsn}, or where it is
 * {@code lastXid} or in {@code appliedBeyond}. The id is needed beside the end because the end that
 * the stream shows for one and the same transaction can be later after a restart.
 *
 * <p>Text: {@code pg:<lsn as PostgreSQL prints it>:<lastXid>}, then {@code +<xid>} for each one
 * applied beyond.
 *
 * @param lsn everything that ended at or before this is held; an unsigned 64-bit LSN
 * @param lastXid the 64-bit id of the last transaction applied; 0 before the first
 * @param appliedBeyond 64-bit ids of transactions held although they end later (after a cut)
 */
public record PostgresPosition(long lsn, long lastXid, List<Long> appliedBeyond)
    implements Position {
  static final String PREFIX = "pg:";

  public PostgresPosition {
    appliedBeyond = List.copyOf(appliedBeyond);
  }

  /** A position at the end of a transaction, with nothing applied beyond it. */
  public static PostgresPosition at(long lsn, long lastXid) {
    return new PostgresPosition(lsn, lastXid, List.of());
  }

  @Override
  public boolean covers(SourceTransaction transaction) {
    return switch (transaction) {
      case PostgresTransaction pg ->
          pg.xid() == lastXid
              || appliedBeyond.contains(pg.xid())
              || (pg.endLsn().isPresent()
                  && Long.compareUnsigned(pg.endLsn().getAsLong(), lsn) <= 0);
    };
  }

  @Override
  public boolean isAtOrAfter(Position other) {
    return switch (other) {
      case PostgresPosition pg -> Long.compareUnsigned(lsn, pg.lsn) >= 0;
    };
  }

  @Override
  public String toText() {
    StringBuilder text = new StringBuilder(PREFIX).append(lsnText(lsn)).append(':').append(lastXid);
    for (long xid : appliedBeyond) {
      text.append('+').append(xid);
    }
    return text.toString();
  }

  /** An LSN as PostgreSQL prints it: {@code 16/B374D848}. */
  public static String lsnText(long lsn) {
    return Long.toHexString(lsn >>> 32).toUpperCase(java.util.Locale.ROOT)
        + "/"
        + Long.toHexString(lsn & 0xFFFFFFFFL).toUpperCase(java.util.Locale.ROOT);
  }

  /**
   * Reads an LSN as PostgreSQL prints it.
   *
   * @throws IllegalArgumentException where the text is none
   */
  public static long parseLsn(String text) {
    int slash = text.indexOf('/');
    if (slash < 1) {
      throw new IllegalArgumentException("not an LSN: " + text);
    }
    return Long.parseLong(text, 0, slash, 16) << 32
        | Long.parseLong(text, slash + 1, text.length(), 16);
  }

  static PostgresPosition parse(String text) {
    try {
      int colon = text.indexOf(':', PREFIX.length());
      String[] xids = text.substring(colon + 1).split("\\+", -1);
      List<Long> beyond = new ArrayList<>();
      for (int i = 1; i < xids.length; i++) {
        beyond.add(Long.parseLong(xids[i]));
      }
      return new PostgresPosition(
          parseLsn(text.substring(PREFIX.length(), colon)), Long.parseLong(xids[0]), beyond);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new IllegalArgumentException("not a PostgreSQL position: " + text, e);
    }
  }

  @Override
  public String toString() {
    return toText();
  }
}
