package dev.firn.change;

import dev.firn.change.position.Position;
import dev.firn.change.table.TableId;
import java.time.Duration;
import java.util.List;

/** What the pipeline reports of itself; meters, logs and live displays are made from these. */
public sealed interface PipelineEvent {
  /** Receives events, on the thread where they happen; must be quick and must not throw. */
  @FunctionalInterface
  interface Listener {
    void on(PipelineEvent event);
  }

  /**
   * Rows of an initial load went by.
   *
   * @param rows read so far
   * @param estimatedRows expected in all; -1 where unknown
   */
  record LoadProgress(TableId table, long rows, long estimatedRows) implements PipelineEvent {}

  /** A table's initial load is in the replica. */
  record TableLoaded(TableId table, long rows, Duration took) implements PipelineEvent {}

  /**
   * A table's share of a checkpoint.
   *
   * @param fileBytes bytes of the data and delete files added
   */
  record TableWritten(
      TableId table,
      long inserts,
      long updates,
      long deletes,
      long truncates,
      int dataFiles,
      int deleteFiles,
      long fileBytes) {}

  /**
   * A checkpoint is durable in the replica.
   *
   * @param checkpoint its id
   * @param position where the replica stands now
   * @param transactions source transactions in it
   * @param sourceCommitMicros the source's clock at that position, microseconds since 1970: of the
   *     last commit, or later where nothing came after it
   * @param took from the first write of the commit to its end
   * @param tables the tables that changed
   */
  record Checkpointed(
      long checkpoint,
      Position position,
      long transactions,
      long sourceCommitMicros,
      Duration took,
      List<TableWritten> tables)
      implements PipelineEvent {
    public Checkpointed {
      tables = List.copyOf(tables);
    }
  }

  /**
   * The replica follows the source from here on: the first copy of every table is in it.
   *
   * @param tables all that are mirrored
   * @param sourceCommitMicros the source's clock up to which the replica is true, microseconds
   *     since 1970; 0 where it does not know, as before its first checkpoint
   */
  record StreamingBegun(List<TableId> tables, long sourceCommitMicros) implements PipelineEvent {
    public StreamingBegun {
      tables = List.copyOf(tables);
    }
  }

  /**
   * The stream is at this place of the source's time.
   *
   * @param sourceTimeMicros the source's clock at the last record read, microseconds since 1970
   * @param changes row changes and truncated tables read since the event before; those count too
   *     that the replica has already
   */
  record StreamedTo(long sourceTimeMicros, long changes) implements PipelineEvent {}

  /**
   * What the source keeps for the replica.
   *
   * @param retainedBytes log kept back by the slot
   * @param status the source's word for the slot's state, as PostgreSQL's wal_status
   */
  record SourceRetention(long retainedBytes, String status) implements PipelineEvent {}
}
