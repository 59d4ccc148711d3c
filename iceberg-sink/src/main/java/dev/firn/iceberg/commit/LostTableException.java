package dev.firn.iceberg.commit;

/**
 * A table no longer holds what Firn wrote into it, and cannot be set to it again: it is to be
 * loaded again.
 */
public final class LostTableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient KnownTable table;
  private final String what;

  /** With what happened, in one sentence. */
  LostTableException(KnownTable table, String what) {
    super(what);
    this.table = table;
    this.what = what;
  }

  /** What happened, in one sentence. */
  public String what() {
    return what;
  }

  /** The table, as it was read last. */
  public KnownTable table() {
    return table;
  }
}
