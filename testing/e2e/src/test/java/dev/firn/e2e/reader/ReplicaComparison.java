package dev.firn.e2e.reader;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A source table and its replica, compared row by row in the order of the key, in bounded memory.
 *
 * @param rows how many rows the source has
 * @param differences the first of them, a line each; none means equal
 */
public record ReplicaComparison(long rows, List<String> differences) {
  /** How many differences are told; the comparison ends there. */
  static final int MAX_DIFFERENCES = 20;

  public ReplicaComparison {
    differences = List.copyOf(differences);
  }

  /**
   * Compares a table with what an engine reads of it: every row, and what the engine's own counting
   * says.
   *
   * @param postgres not in a transaction
   */
  public static ReplicaComparison compare(
      Connection postgres, String schema, String name, EngineReader engine, ReplicaCatalog catalog)
      throws Exception {
    SourceTable table = SourceTable.describe(postgres, schema, name);
    postgres.setAutoCommit(false);
    try {
      postgres.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      ReplicaComparison rows = compareRows(postgres, table, engine, catalog);
      List<String> differences = new ArrayList<>(rows.differences());
      differences.addAll(compareCounts(postgres, table, engine, catalog));
      return new ReplicaComparison(rows.rows(), differences);
    } finally {
      postgres.rollback();
      postgres.setAutoCommit(true);
    }
  }

  private static ReplicaComparison compareRows(
      Connection postgres, SourceTable table, EngineReader engine, ReplicaCatalog catalog)
      throws Exception {
    String columns = names(table.columns(), engine);
    String sql =
        "SELECT "
            + columns
            + " FROM "
            + engine.table(catalog, table.schema(), table.name())
            + " ORDER BY "
            + names(table.key(), engine);
    try (RowCursor source = table.rows(postgres);
        RowCursor replica = engine.query(sql)) {
      return merge(table, source, replica);
    }
  }

  private static String names(List<SourceTable.Column> columns, EngineReader engine) {
    return columns.stream().map(c -> engine.quote(c.name())).collect(Collectors.joining(", "));
  }

  /** Compares two sides, both in the order of the table's key. */
  static ReplicaComparison merge(SourceTable table, RowCursor source, RowCursor replica)
      throws Exception {
    Comparator<List<String>> order = KeyOrder.of(table.key());
    int[] key = table.key().stream().mapToInt(table.columns()::indexOf).toArray();
    List<String> differences = new ArrayList<>();
    long rows = 0;
    List<@Nullable String> theirs = source.next();
    List<@Nullable String> ours = replica.next();
    List<String> lastKey = null;
    while ((theirs != null || ours != null) && differences.size() < MAX_DIFFERENCES) {
      int side = side(order, key, theirs, ours);
      if (side < 0) {
        differences.add("missing " + key(key, theirs) + ": " + theirs);
      } else if (side > 0) {
        List<String> extra = key(key, ours);
        differences.add((extra.equals(lastKey) ? "twice " : "extra ") + extra + ": " + ours);
      } else {
        lastKey = key(key, ours);
        if (!theirs.equals(ours)) {
          differences.add("different " + lastKey + ": " + differing(table, theirs, ours));
        }
      }
      if (side <= 0) {
        rows++;
        theirs = source.next();
      }
      if (side >= 0) {
        ours = replica.next();
      }
    }
    return new ReplicaComparison(rows, differences);
  }

  private static int side(
      Comparator<List<String>> order,
      int[] key,
      @Nullable List<@Nullable String> theirs,
      @Nullable List<@Nullable String> ours) {
    if (theirs == null) {
      return 1;
    }
    return ours == null ? -1 : order.compare(key(key, theirs), key(key, ours));
  }

  private static List<String> key(int[] key, List<@Nullable String> row) {
    List<String> values = new ArrayList<>(key.length);
    for (int column : key) {
      values.add(String.valueOf(row.get(column)));
    }
    return values;
  }

  private static String differing(
      SourceTable table, List<@Nullable String> theirs, List<@Nullable String> ours) {
    List<String> columns = new ArrayList<>();
    for (int i = 0; i < theirs.size(); i++) {
      String their = theirs.get(i);
      if (their == null ? ours.get(i) != null : !their.equals(ours.get(i))) {
        columns.add(
            table.columns().get(i).name() + " is " + their + " and was read as " + ours.get(i));
      }
    }
    return String.join(", ", columns);
  }

  private static List<String> compareCounts(
      Connection postgres, SourceTable table, EngineReader engine, ReplicaCatalog catalog)
      throws Exception {
    List<String> counts = new ArrayList<>(List.of("count(*)"));
    table.columns().forEach(c -> counts.add("count(" + engine.quote(c.name()) + ")"));
    List<@Nullable String> ours =
        engine
            .rows(
                "SELECT "
                    + String.join(", ", counts)
                    + " FROM "
                    + engine.table(catalog, table.schema(), table.name()))
            .getFirst();
    List<String> theirs = counts(postgres, table);
    List<String> differences = new ArrayList<>();
    for (int i = 0; i < theirs.size(); i++) {
      if (!theirs.get(i).equals(ours.get(i))) {
        differences.add(counts.get(i) + " is " + theirs.get(i) + ", by engine " + ours.get(i));
      }
    }
    return differences;
  }

  private static List<String> counts(Connection postgres, SourceTable table) throws SQLException {
    String columns =
        table.columns().stream()
            .map(c -> "count(\"" + c.name().replace("\"", "\"\"") + "\")")
            .collect(Collectors.joining(", "));
    try (Statement statement = postgres.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT count(*), " + columns + " FROM " + table.sqlName())) {
      row.next();
      List<String> values = new ArrayList<>();
      for (int i = 1; i <= table.columns().size() + 1; i++) {
        values.add(row.getString(i));
      }
      return values;
    }
  }
}
