package dev.firn.change;

import dev.firn.change.position.Position;
import dev.firn.change.position.SourceTransaction;
import dev.firn.change.row.Row;
import dev.firn.change.table.TableSchema;
import java.util.List;

/**
 * Takes a source's committed transactions in commit order: {@code begin}, its changes in their
 * order, {@code commit}. Between transactions {@code idle} may say that the log went on without
 * anything for the replica.
 *
 * <p>Calls come from one thread at a time. Rows are views that last for the call. A sink that
 * cannot take a change throws; the caller then stops without acknowledging, so nothing is lost. All
 * methods may block for back-pressure.
 */
public interface ChangeSink {
  /** Opens a transaction. The sink drops, table by table, what the replica has already. */
  void begin(SourceTransaction transaction) throws InterruptedException;

  /**
   * Whether the open transaction's changes to a table are kept. Where they are not, the caller may
   * leave them out, and need not be able to read them: before the place of a table's load its rows
   * can have another shape.
   */
  default boolean wants(TableSchema table) {
    return true;
  }

  /** A row was inserted. */
  void insert(TableSchema table, Row after) throws InterruptedException;

  /**
   * A row was updated.
   *
   * @param before has the key under which the row was known, in the table's column layout; columns
   *     outside the key need not be true. The same object as {@code after} where the key did not
   *     change.
   * @param after the new row; may have unchanged columns, to be filled from the replica's row
   */
  void update(TableSchema table, Row before, Row after) throws InterruptedException;

  /**
   * A row was deleted.
   *
   * @param before has the row's key, in the table's column layout; other columns need not be true
   */
  void delete(TableSchema table, Row before) throws InterruptedException;

  /** These tables were emptied by one statement, at this place among the transaction's changes. */
  void truncate(List<TableSchema> tables) throws InterruptedException;

  /**
   * Closes the transaction: a checkpoint may fall here.
   *
   * @param end the position behind the transaction
   * @param commitTimeMicros when the source committed it, microseconds since 1970 UTC
   */
  void commit(Position end, long commitTimeMicros) throws InterruptedException;

  /**
   * Between transactions: the log went on to here without a change for the replica. Also called
   * regularly while nothing happens, so that a checkpoint due by time is not held up.
   *
   * @param position a safe position, at or behind the last one given
   * @param seenTimeMicros the source's clock at that place, microseconds since 1970 UTC
   */
  void idle(Position position, long seenTimeMicros) throws InterruptedException;
}
