package dev.firn.iceberg.write;

import dev.firn.change.row.Row;
import dev.firn.change.table.TableSchema;
import org.apache.iceberg.Table;

/**
 * Turns one table's row changes into a {@link TableDelta} per checkpoint. Holds the key index,
 * which stands for one snapshot of the table plus the changes taken since. Not thread-safe.
 */
public final class TableWriter implements AutoCloseable {

  /**
   * A writer for the table's current snapshot, with the key index filled by scanning its key
   * columns.
   *
   * @param table the Iceberg table, as loaded; its current snapshot is the base
   * @param schema the source table's shape, to which the Iceberg table's columns were mapped
   */
  public static TableWriter open(Table table, TableSchema schema) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  private TableWriter() {}

  /** A row of the initial load: its key is not in the table, and no look-up is made. */
  public void load(Row row) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /** A row was inserted; where its key is live all the same, the row replaces that one. */
  public void insert(Row after) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /** A row was updated; see {@link dev.firn.change.ChangeSink#update}. */
  public void update(Row before, Row after) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /** A row was deleted; a key that is not live is counted and otherwise no change. */
  public void delete(Row before) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /** Every row so far is gone. */
  public void truncate() throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /** Memory that the changes since the last checkpoint take, for the checkpoint's bounds. */
  public long pendingBytes() {
    throw new UnsupportedOperationException();
  }

  /** Writes and uploads everything taken since the last {@link #committed}. */
  public TableDelta prepare() throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /**
   * The prepared delta could not be committed because others committed first: the index follows the
   * table to its current snapshot, and the delta's deletes are looked up and written anew. Data
   * files already written are kept.
   *
   * @param refreshed the table with its new current snapshot
   */
  public TableDelta prepareAgain(Table refreshed) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /**
   * The prepared delta is in the table: the index stands for this snapshot now.
   *
   * @param table the table with the commit as its current snapshot
   */
  public void committed(Table table) {
    throw new UnsupportedOperationException();
  }

  /**
   * Follows snapshots of others (compaction) between checkpoints, with nothing pending; does
   * nothing where the index stands for the current snapshot already.
   */
  public void follow(Table refreshed) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /** Drops what was written but never committed, and the index. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
