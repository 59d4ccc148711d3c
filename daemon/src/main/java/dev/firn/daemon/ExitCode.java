package dev.firn.daemon;

import dev.firn.change.fault.FirnException;

/**
 * With what a command ends, for scripts and supervisors. docs/exit-codes.md holds the same table.
 */
public enum ExitCode {
  /** What was asked is done. */
  DONE(0, "done"),
  /** A defect of Firn. */
  INTERNAL_ERROR(1, "a defect of Firn: the message names the file with the trace"),
  /** The command line or the config file is wrong. */
  USAGE(2, "the command line or the config file is wrong"),
  /** The source did not answer, or refused the login. */
  SOURCE_UNREACHABLE(10, "the source did not answer, or refused the login"),
  /** The source cannot be mirrored as configured. */
  SOURCE_UNFIT(11, "the source cannot be mirrored as configured: settings, rights, keys, types"),
  /** The source no longer has the log. */
  POSITION_LOST(12, "the source no longer has its log from the replica's position on"),
  /** A table's shape changed. */
  SCHEMA_CHANGED(13, "a table's shape changed; stopped before that change, position kept"),
  /** The catalog or the bucket did not answer. */
  REPLICA_UNREACHABLE(20, "the catalog or the bucket did not answer, or refused"),
  /** The replica is not what Firn left. */
  REPLICA_UNFIT(21, "the replica is not what Firn left, or cannot be written as configured"),
  /** Another daemon took the replica over. */
  FENCED(22, "another daemon took the replica over"),
  /** A value has no form in the replica. */
  UNREPRESENTABLE_VALUE(30, "a value cannot be represented in the replica"),
  /** A row is larger than the config admits. */
  ROW_TOO_LARGE(31, "a row is larger than replicate.max-row-bytes; stopped before it"),
  /** Source and replica differ. */
  DRIFT(40, "source and replica differ"),
  /** It could not be told whether they differ. */
  INCONCLUSIVE(41, "whether source and replica differ could not be told");

  private final int code;
  private final String meaning;

  ExitCode(int code, String meaning) {
    this.code = code;
    this.meaning = meaning;
  }

  /** The process's exit status. */
  public int code() {
    return code;
  }

  /** What it says, in one line. */
  public String meaning() {
    return meaning;
  }

  /** The code for a kind of failure. */
  public static ExitCode of(FirnException.Kind kind) {
    return switch (kind) {
      case CONFIGURATION -> USAGE;
      case SOURCE_UNREACHABLE -> SOURCE_UNREACHABLE;
      case SOURCE_UNFIT -> SOURCE_UNFIT;
      case REPLICA_UNREACHABLE -> REPLICA_UNREACHABLE;
      case REPLICA_UNFIT -> REPLICA_UNFIT;
      case FENCED -> FENCED;
      case POSITION_LOST -> POSITION_LOST;
      case SCHEMA_CHANGED -> SCHEMA_CHANGED;
      case UNREPRESENTABLE_VALUE -> UNREPRESENTABLE_VALUE;
      case ROW_TOO_LARGE -> ROW_TOO_LARGE;
      case DRIFT -> DRIFT;
      case INCONCLUSIVE -> INCONCLUSIVE;
    };
  }
}
