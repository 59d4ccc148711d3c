package dev.firn.change;

import dev.firn.change.position.Frontier;
import dev.firn.change.row.Row;
import dev.firn.change.table.TableSchema;

/** Opens consistent views of source tables for their initial load. */
public interface TableLoader {
  /** A view of one table at one place. Closing it ends its transaction at the source. */
  interface View extends AutoCloseable {
    /** What the view shows: becomes the table's frontier once its rows are in the replica. */
    Frontier frontier();

    /** How many rows to expect, roughly; -1 where the source does not know. */
    long estimatedRows();

    /**
     * Hands over every row once, in no particular order.
     *
     * @throws dev.firn.change.fault.FirnException where the source fails or a value has no form
     */
    void copy(RowConsumer rows) throws InterruptedException;

    @Override
    void close();
  }

  /** Takes the rows of a load. Each row is a view that lasts for the call. */
  @FunctionalInterface
  interface RowConsumer {
    void accept(Row row) throws InterruptedException;
  }

  /**
   * Opens a view that lies behind the stream's start, so that nothing falls between the two.
   *
   * @throws dev.firn.change.fault.FirnException where the source fails, or a transaction that must
   *     end first does not end in time (it is named)
   */
  View open(TableSchema table) throws InterruptedException;
}
