package dev.firn.reconcile;

import java.util.List;

/** One key at which the two sides of a table are not equal. Keys are in words, for people. */
public sealed interface Finding {
  /** The key, as {@code column=value, …}. */
  String key();

  /** The source has a row with this key, the replica none. */
  record Missing(String key) implements Finding {}

  /** The replica has a row with this key, the source none. */
  record Extra(String key) implements Finding {}

  /**
   * Both have a row, with other values.
   *
   * @param columns the names of the columns that differ
   */
  record Different(String key, List<String> columns) implements Finding {
    public Different {
      columns = List.copyOf(columns);
    }
  }

  /** The replica has more than one row with this key; reported once for each row too many. */
  record Duplicate(String key) implements Finding {}
}
