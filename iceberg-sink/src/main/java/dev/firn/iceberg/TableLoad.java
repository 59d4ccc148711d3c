package dev.firn.iceberg;

import dev.firn.change.fault.Failpoint;
import dev.firn.change.position.Frontier;
import dev.firn.change.position.Position;
import dev.firn.change.row.Row;
import dev.firn.iceberg.write.TableWriter;

/**
 * One table's initial load. Its rows show all at once with {@link #commit}, in place of whatever
 * the table held; closed before that, it leaves nothing behind. Not thread-safe, but independent of
 * other tables' loads.
 */
public final class TableLoad implements AutoCloseable {
  private final IcebergReplica replica;
  private final ReplicatedTable table;
  private final TableWriter writer;
  private final long startedNanos = System.nanoTime();
  private long rows;
  private boolean committed;

  TableLoad(IcebergReplica replica, ReplicatedTable table, TableWriter writer) {
    this.replica = replica;
    this.table = table;
    this.writer = writer;
  }

  /**
   * Takes a row; the view is not kept.
   *
   * @throws dev.firn.change.fault.FirnException of kind REPLICA_UNREACHABLE where a file cannot be
   *     written
   */
  public void row(Row row) throws InterruptedException {
    try {
      writer.load(row);
      Failpoint.LOAD_ROW.reached();
    } catch (RuntimeException e) {
      throw replica.failure(table, e);
    }
    rows++;
  }

  /** How many rows were taken. */
  public long rows() {
    return rows;
  }

  /**
   * Puts the rows into the replica.
   *
   * @param frontier what the load showed
   * @param horizon a place in the source's log at or behind everything that the load showed; from
   *     there on all tables show one state again
   */
  public void commit(Frontier frontier, Position horizon) throws InterruptedException {
    replica.commitLoad(table, writer, frontier, horizon, rows, startedNanos);
    committed = true;
  }

  /** Ends the load; without a commit nothing of it remains. */
  @Override
  public void close() {
    if (!committed) {
      replica.abandonLoad(table, writer);
    }
  }
}
