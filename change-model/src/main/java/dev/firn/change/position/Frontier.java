package dev.firn.change.position;

/**
 * How much of a table's initial load the replica holds, and with that which transactions of the
 * stream still have to be applied to it. It is part of a checkpoint.
 */
public sealed interface Frontier {
  /** Nothing is loaded: the table's changes are dropped, because its load will show them. */
  record NotLoaded() implements Frontier {
    @Override
    public boolean applies(SourceTransaction transaction) {
      return false;
    }

    @Override
    public String toText() {
      return "none";
    }
  }

  /**
   * The whole table was copied in one snapshot: transactions that it shows are dropped.
   *
   * @param snapshot what the copy saw
   */
  record LoadedAt(TransactionSnapshot snapshot) implements Frontier {
    static final String PREFIX = "all@";

    @Override
    public boolean applies(SourceTransaction transaction) {
      return switch (transaction) {
        case PostgresTransaction pg -> !snapshot.shows(pg.xid());
      };
    }

    @Override
    public String toText() {
      return PREFIX + snapshot;
    }
  }

  /** Whether a transaction of the stream that is not covered yet is to be applied to the table. */
  boolean applies(SourceTransaction transaction);

  /** The durable form. */
  String toText();

  /**
   * Reads the durable form.
   *
   * @throws IllegalArgumentException where the text is none
   */
  static Frontier parse(String text) {
    if (text.equals("none")) {
      return new NotLoaded();
    }
    if (text.startsWith(LoadedAt.PREFIX)) {
      return new LoadedAt(TransactionSnapshot.parse(text.substring(LoadedAt.PREFIX.length())));
    }
    throw new IllegalArgumentException("not a frontier: " + text);
  }
}
