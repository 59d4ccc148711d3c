package dev.firn.change.row;

import dev.firn.change.fault.FirnException;
import dev.firn.change.table.TableId;

/**
 * A row is larger than its builder may build. Who knows the table and the key says so to people.
 */
public final class RowTooLargeException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int MAX_KEY_CHARACTERS = 1000;

  private final long sizeBytes;
  private final long maxBytes;

  RowTooLargeException(long sizeBytes, long maxBytes) {
    super("a row of " + sizeBytes + " bytes, where " + maxBytes + " are the most");
    this.sizeBytes = sizeBytes;
    this.maxBytes = maxBytes;
  }

  /**
   * For people.
   *
   * @param key the row's key, as in {@code id=7}
   */
  public FirnException of(TableId table, String key) {
    return new FirnException(
        FirnException.Kind.ROW_TOO_LARGE,
        table
            + ", row "
            + (key.length() <= MAX_KEY_CHARACTERS
                ? key
                : key.substring(0, MAX_KEY_CHARACTERS) + "…")
            + ": it has "
            + sizeBytes
            + " bytes, more than the "
            + maxBytes
            + " of replicate.max-row-bytes. Firn stopped before it",
        "raise replicate.max-row-bytes above that, and Java's memory with it (FIRN_JAVA_OPTS=-Xmx,"
            + " about ten times the largest row), and start again: Firn goes on at this row. Or"
            + " make the row smaller at the source, drop the Iceberg table and start again: it is"
            + " then loaded anew, without the row as it was; or leave the table out",
        this);
  }
}
