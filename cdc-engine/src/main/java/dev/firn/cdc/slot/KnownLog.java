package dev.firn.cdc.slot;

import dev.firn.change.ChangeSink;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.position.SourceTransaction;
import dev.firn.change.row.Row;
import dev.firn.change.table.TableSchema;
import dev.firn.config.SourceConfig;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * Refuses a log that holds, before the replica's position, what the replica cannot have seen there:
 * a transaction of a later time than the position's.
 *
 * <p>A copy of the server's data directory that was started as it is has the same system identifier
 * and timeline. Once it has written more log than the replica had read, nothing else tells it from
 * the server that it was copied from, and what it wrote up to the position would be dropped as
 * known.
 */
public final class KnownLog implements ChangeSink {
  /**
   * A position's time is the latest of all transactions before it, but for those of tables that
   * were not streamed then; and between commits side by side time is not quite the log's order.
   */
  private static final Duration TOLERANCE = Duration.ofSeconds(10);

  private final SourceConfig source;
  private final Position recorded;
  private final long recordedMicros;
  private final ChangeSink sink;

  /**
   * A check before a sink.
   *
   * @param recorded the replica's position
   * @param recordedMicros the source's clock there, microseconds since 1970; 0 where unknown
   */
  public KnownLog(SourceConfig source, Position recorded, long recordedMicros, ChangeSink sink) {
    this.source = source;
    this.recorded = recorded;
    this.recordedMicros = recordedMicros;
    this.sink = sink;
  }

  @Override
  public void commit(Position end, long commitTimeMicros) throws InterruptedException {
    if (recordedMicros > 0
        && recorded.isAtOrAfter(end)
        && commitTimeMicros > recordedMicros + TOLERANCE.toNanos() / 1000) {
      throw new FirnException(
          FirnException.Kind.POSITION_LOST,
          "the server's log holds a transaction of "
              + time(commitTimeMicros)
              + " before "
              + recorded.toText()
              + ", up to which the replica has it as of "
              + time(recordedMicros)
              + ": the server was restored from an older copy, and has written other things since"
              + " (source "
              + source.address()
              + ")",
          SlotCheck.loadAgain(source));
    }
    sink.commit(end, commitTimeMicros);
  }

  private static Instant time(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS).truncatedTo(ChronoUnit.SECONDS);
  }

  @Override
  public void begin(SourceTransaction transaction) throws InterruptedException {
    sink.begin(transaction);
  }

  @Override
  public boolean wants(TableSchema table) {
    return sink.wants(table);
  }

  @Override
  public void insert(TableSchema table, Row after) throws InterruptedException {
    sink.insert(table, after);
  }

  @Override
  public void update(TableSchema table, Row before, Row after) throws InterruptedException {
    sink.update(table, before, after);
  }

  @Override
  public void delete(TableSchema table, Row before) throws InterruptedException {
    sink.delete(table, before);
  }

  @Override
  public void truncate(List<TableSchema> tables) throws InterruptedException {
    sink.truncate(tables);
  }

  @Override
  public void idle(Position position, long seenTimeMicros) throws InterruptedException {
    sink.idle(position, seenTimeMicros);
  }
}
