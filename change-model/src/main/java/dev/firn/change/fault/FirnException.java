package dev.firn.change.fault;

import org.jspecify.annotations.Nullable;

/**
 * A failure that somebody must act on: its message says what and where, {@link #mend} what to do.
 * Messages never hold a secret.
 */
public final class FirnException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What kind of failure it is; each has an exit code of its own. */
  public enum Kind {
    /** The config file, or what was asked on the command line, is wrong. */
    CONFIGURATION,
    /** The source did not answer, or refused the login. */
    SOURCE_UNREACHABLE,
    /** The source answers but cannot be mirrored as configured: settings, rights, keys, types. */
    SOURCE_UNFIT,
    /** The catalog or the bucket did not answer, or refused. */
    REPLICA_UNREACHABLE,
    /** The replica is not what Firn left: it belongs to another source, or was tampered with. */
    REPLICA_UNFIT,
    /** Another daemon took the replica over. */
    FENCED,
    /** The source no longer has the log from the recorded position on. */
    POSITION_LOST,
    /** A table's shape changed. */
    SCHEMA_CHANGED,
    /** A value cannot be represented in the replica. */
    UNREPRESENTABLE_VALUE,
    /** A row is larger than the config admits. */
    ROW_TOO_LARGE,
    /** Source and replica differ. */
    DRIFT,
    /** Whether source and replica differ could not be told. */
    INCONCLUSIVE
  }

  private final Kind kind;
  private final String mend;

  /**
   * A failure.
   *
   * @param what what happened and where, with table, position or value
   * @param mend what to do about it
   */
  public FirnException(Kind kind, String what, String mend) {
    this(kind, what, mend, null);
  }

  /** A failure with the exception behind it, which is for the log and not for the user. */
  public FirnException(Kind kind, String what, String mend, @Nullable Throwable cause) {
    super(what, cause);
    this.kind = kind;
    this.mend = mend;
  }

  /** What kind of failure it is. */
  public Kind kind() {
    return kind;
  }

  /** What to do about it. */
  public String mend() {
    return mend;
  }
}
