package dev.firn.change;

import dev.firn.change.position.Position;
import dev.firn.change.table.TableSchema;
import java.util.List;

/** Reads a source's log into a {@link ChangeSink}. One run at a time. */
public interface SourceReader extends AutoCloseable {
  /**
   * Where and for what to stream.
   *
   * @param tables the tables to stream, in the shape that the replica has
   * @param recorded the replica's recorded position, where the source must be able to go on from
   * @param furthest the furthest position that any single table of the replica has recorded; up to
   *     there each transaction's end is told at its beginning
   */
  record Start(List<TableSchema> tables, Position recorded, Position furthest) {
    public Start {
      tables = List.copyOf(tables);
    }
  }

  /**
   * What a start says of its tables no longer holds: one of them missed changes, or the replica
   * lost what it had of it. With what source and replica say of them now it goes on, and nobody has
   * to act.
   */
  final class OutdatedStartException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** With what happened, in one sentence. */
    public OutdatedStartException(String what) {
      super(what);
    }
  }

  /**
   * Streams until {@link #stop} is called or something fails. Checks before the first change that
   * the source can go on from the recorded position, and refuses otherwise.
   *
   * @throws dev.firn.change.fault.FirnException with its kind, where the source cannot be read,
   *     lost the position, or changed a table's shape; what the sink throws passes through
   * @throws OutdatedStartException where only the start's tables have to be read anew
   */
  void run(Start start, ChangeSink sink) throws InterruptedException;

  /** Everything up to here is durable in the replica: the source may forget it. Thread-safe. */
  void acknowledge(Position durable);

  /**
   * Ends {@link #run} after the transaction in hand; acknowledgements given before are sent.
   * Thread-safe, returns at once.
   */
  void stop();

  @Override
  void close();
}
