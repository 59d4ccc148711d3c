package dev.firn.reconcile;

import dev.firn.change.row.Row;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Compares the source's and the replica's rows of one table, value by value. Both sides must stand
 * at the same position; whether they do is the caller's to know.
 */
public final class RowComparison {
  private RowComparison() {}

  /**
   * What a comparison found.
   *
   * @param sourceRows rows of the source
   * @param replicaRows rows of the replica
   * @param missing keys that only the source has
   * @param extra keys that only the replica has
   * @param different keys whose values differ
   * @param duplicate rows of the replica beyond the first with their key
   * @param findings the first of them, in the order of the keys
   */
  public record Result(
      TableId table,
      long sourceRows,
      long replicaRows,
      long missing,
      long extra,
      long different,
      long duplicate,
      List<Finding> findings) {
    public Result {
      findings = List.copyOf(findings);
    }

    /** Whether both sides hold the same rows. */
    public boolean equal() {
      return missing == 0 && extra == 0 && different == 0 && duplicate == 0;
    }
  }

  /**
   * Reads both sides to their ends.
   *
   * @param source the source's rows, in the order of {@link RowSort}
   * @param replica the replica's rows, likewise
   * @param maxFindings how many findings are kept; all are counted
   */
  public static Result compare(
      TableSchema table, RowCursor source, RowCursor replica, int maxFindings) {
    return new Run(table, source, replica, maxFindings).result();
  }

  private static final class Run {
    private final TableSchema table;
    private final KeyOrder order;
    private final RowCursor source;
    private final RowCursor replica;
    private final int maxFindings;
    private final List<Finding> findings = new ArrayList<>();
    private long sourceRows;
    private long replicaRows;
    private long missing;
    private long extra;
    private long different;
    private long duplicate;
    private @Nullable Row lastReplica;

    Run(TableSchema table, RowCursor source, RowCursor replica, int maxFindings) {
      this.table = table;
      this.order = new KeyOrder(table);
      this.source = source;
      this.replica = replica;
      this.maxFindings = maxFindings;
    }

    Result result() {
      Row left = nextSource();
      Row right = nextReplica();
      while (left != null || right != null) {
        int side = left == null ? 1 : right == null ? -1 : order.compare(left, right);
        if (side < 0 && left != null) {
          missing++;
          keep(new Finding.Missing(ValueText.key(table, left)));
          left = nextSource();
        } else if (side > 0 && right != null) {
          extra++;
          keep(new Finding.Extra(ValueText.key(table, right)));
          right = nextReplica();
        } else if (left != null && right != null) {
          List<String> columns = differing(left, right);
          if (!columns.isEmpty()) {
            different++;
            keep(new Finding.Different(ValueText.key(table, left), columns));
          }
          left = nextSource();
          right = nextReplica();
        }
      }
      return new Result(
          table.id(), sourceRows, replicaRows, missing, extra, different, duplicate, findings);
    }

    private @Nullable Row nextSource() {
      Row row = source.next();
      if (row != null) {
        sourceRows++;
      }
      return row;
    }

    /**
     * The replica's next row with another key than the one before; rows passed over are counted.
     */
    private @Nullable Row nextReplica() {
      while (true) {
        Row row = replica.next();
        if (row == null) {
          return null;
        }
        replicaRows++;
        if (lastReplica == null || order.compare(lastReplica, row) != 0) {
          lastReplica = row.copy();
          return row;
        }
        duplicate++;
        keep(new Finding.Duplicate(ValueText.key(table, row)));
      }
    }

    private List<String> differing(Row left, Row right) {
      List<String> names = new ArrayList<>();
      List<Column> columns = table.columns();
      for (int i = 0; i < columns.size(); i++) {
        boolean asBytes = columns.get(i).type().form() == ColumnType.Form.BYTES;
        if (!left.sameValue(i, right, i, asBytes)) {
          names.add(columns.get(i).name());
        }
      }
      return names;
    }

    private void keep(Finding finding) {
      if (findings.size() < maxFindings) {
        findings.add(finding);
      }
    }
  }
}
