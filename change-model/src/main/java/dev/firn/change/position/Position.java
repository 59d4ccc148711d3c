package dev.firn.change.position;

/**
 * A place in a source's log at a transaction boundary: what a checkpoint records.
 *
 * <p>{@link #toText} is the durable form, kept in snapshot summaries and table properties; {@link
 * #parse} reads it back.
 */
public sealed interface Position permits PostgresPosition {
  /** Whether the replica, standing at this position, already holds the transaction. */
  boolean covers(SourceTransaction transaction);

  /** Whether this position is no earlier in the log than the other one, of the same source. */
  boolean isAtOrAfter(Position other);

  /** The durable form. */
  String toText();

  /**
   * Reads the durable form.
   *
   * @throws IllegalArgumentException where the text is none
   */
  static Position parse(String text) {
    if (text.startsWith(PostgresPosition.PREFIX)) {
      return PostgresPosition.parse(text);
    }
    throw new IllegalArgumentException("not a position: " + text);
  }
}
