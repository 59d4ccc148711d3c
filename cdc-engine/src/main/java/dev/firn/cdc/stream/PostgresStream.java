package dev.firn.cdc.stream;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.slot.SlotCheck;
import dev.firn.cdc.slot.SlotHeartbeat;
import dev.firn.change.ChangeSink;
import dev.firn.change.PipelineEvent;
import dev.firn.change.SourceReader;
import dev.firn.change.fault.Backoff;
import dev.firn.change.fault.Failpoint;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.position.PostgresPosition;
import dev.firn.config.SourceConfig;
import io.debezium.DebeziumException;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Streams a PostgreSQL database's committed transactions through the slot and the publication that
 * the config names.
 *
 * <p>Debezium's task is polled on the thread that called {@link #run}; it reads and decodes on a
 * thread of its own, into a bounded queue. The server forgets log only when told here: the driver
 * and Debezium acknowledge nothing by themselves, and only positions given to {@link #acknowledge}
 * are passed on, from the polling thread.
 */
public final class PostgresStream implements SourceReader {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresStream.class);

  private static final Duration HEARTBEAT_EVERY = Duration.ofSeconds(10);
  private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(150);
  private static final int FLUSH_ATTEMPTS = 20;
  private static final Duration FLUSH_PAUSE = Duration.ofMillis(50);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(60);
  private static final int MAX_CAUSES = 20;

  private final SourceConfig source;
  private final long maxRowBytes;
  private final PostgresConnections connections;
  private final PipelineEvent.Listener listener;
  private final Duration heartbeatEvery;
  private final Object runLock = new Object();

  /** The furthest LSN acknowledged; only ever raised. */
  private final AtomicLong acknowledged = new AtomicLong();

  private volatile boolean stopping;
  private volatile @Nullable CountDownLatch running;

  /**
   * A stream, not started.
   *
   * @param maxRowBytes the largest row; before a larger one the stream ends with ROW_TOO_LARGE
   * @param listener hears {@code StreamedTo} and {@code SourceRetention}, from more than one thread
   */
  public PostgresStream(
      SourceConfig source,
      long maxRowBytes,
      PostgresConnections connections,
      PipelineEvent.Listener listener) {
    this(source, maxRowBytes, connections, listener, HEARTBEAT_EVERY);
  }

  PostgresStream(
      SourceConfig source,
      long maxRowBytes,
      PostgresConnections connections,
      PipelineEvent.Listener listener,
      Duration heartbeatEvery) {
    this.source = source;
    this.maxRowBytes = maxRowBytes;
    this.connections = connections;
    this.listener = listener;
    this.heartbeatEvery = heartbeatEvery;
  }

  @Override
  public void run(Start start, ChangeSink sink) throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    synchronized (runLock) {
      if (running != null) {
        throw new IllegalStateException("the stream runs already");
      }
      running = ended;
    }
    try {
      stream(start, sink);
    } finally {
      running = null;
      ended.countDown();
    }
  }

  private void stream(Start start, ChangeSink sink) throws InterruptedException {
    PostgresPosition recorded = pg(start.recorded());
    SlotCheck check = new SlotCheck(source, connections);
    check.verify(recorded, start.furthest(), Optional.empty());
    PublicationCheck publication = new PublicationCheck(source, connections, start.tables());
    publication.verify();
    acknowledged.set(0);
    long currentXid = currentXid();
    StreamTask task = new StreamTask(start.tables());
    try (SlotHeartbeat heartbeat =
        SlotHeartbeat.start(source, connections, listener, heartbeatEvery, publication::verify)) {
      TransactionEnds ends = ends(start, check, heartbeat, new Xids(currentXid));
      if (stopping) {
        return;
      }
      TransactionAssembler assembler =
          new TransactionAssembler(start, sink, new Xids(currentXid), ends, maxRowBytes);
      try {
        start(task, start);
        poll(task, assembler, heartbeat, () -> check.verifyStreaming(recorded));
        flushLast(task);
      } finally {
        task.stop();
      }
    }
  }

  private static PostgresPosition pg(Position position) {
    return switch (position) {
      case PostgresPosition pg -> pg;
    };
  }

  /** The ends of what a table of the replica may have; the slot is free again afterwards. */
  private TransactionEnds ends(Start start, SlotCheck check, SlotHeartbeat heartbeat, Xids xids)
      throws InterruptedException {
    PostgresPosition recorded = pg(start.recorded());
    long furthest = pg(start.furthest()).lsn();
    long upTo = Long.compareUnsigned(furthest, recorded.lsn()) > 0 ? furthest : recorded.lsn();
    if (Long.compareUnsigned(check.confirmedLsn(), upTo) >= 0) {
      return new TransactionEnds(upTo);
    }
    try {
      TransactionEnds ends =
          TransactionEnds.read(
              source,
              connections,
              upTo,
              xids,
              () -> heartbeat.check(TransactionAssembler.UNKNOWN_TIME),
              () -> stopping);
      if (stopping) {
        return ends; // not all of them
      }
      ends.lastUpTo(recorded.lsn()).ifPresent(xid -> check.requireKnown(xid, recorded));
      check.awaitReleased();
      return ends;
    } catch (SQLException e) {
      throw failure(new ConnectException(e));
    }
  }

  private void start(StreamTask task, Start start) {
    try {
      task.initialize(new NoOffsets());
      task.start(DebeziumSettings.of(source, start.tables()));
    } catch (ConnectException | DebeziumException e) {
      throw failure(e);
    }
    if (!task.isRunning()) {
      throw new FirnException(
          FirnException.Kind.SOURCE_UNREACHABLE,
          "the log of " + source.address() + " could not be opened",
          "see that the server is up and reachable from here; Firn goes on where it stopped");
    }
  }

  private void poll(
      StreamTask task,
      TransactionAssembler assembler,
      SlotHeartbeat heartbeat,
      Runnable beforeFirst)
      throws InterruptedException {
    long flushed = 0;
    long lastIdle = System.nanoTime();
    long toldMicros = TransactionAssembler.UNKNOWN_TIME;
    long toldChanges = 0;
    boolean first = true;
    while (!stopping || assembler.inHand()) {
      heartbeat.check(assembler.sourceMicros());
      flushed = flush(task, flushed);
      List<SourceRecord> records = next(task);
      if (first && !records.isEmpty()) {
        beforeFirst.run();
        first = false;
      }
      for (SourceRecord record : records) {
        assembler.accept(record);
        if (stopping && !assembler.inHand()) {
          break;
        }
      }
      long now = System.nanoTime();
      if (now - lastIdle >= IDLE_NANOS) {
        assembler.idle();
        lastIdle = now;
      }
      boolean known = assembler.sourceMicros() != TransactionAssembler.UNKNOWN_TIME;
      if (known && (assembler.sourceMicros() != toldMicros || assembler.changes() != toldChanges)) {
        toldMicros = assembler.sourceMicros();
        listener.on(new PipelineEvent.StreamedTo(toldMicros, assembler.changes() - toldChanges));
        toldChanges = assembler.changes();
      }
    }
  }

  private List<SourceRecord> next(StreamTask task) throws InterruptedException {
    try {
      List<SourceRecord> records = task.poll();
      return records == null ? List.of() : records;
    } catch (ConnectException e) {
      throw failure(e);
    }
  }

  @Override
  public void acknowledge(Position durable) {
    switch (durable) {
      case PostgresPosition pg ->
          acknowledged.accumulateAndGet(
              pg.lsn(), (had, now) -> Long.compareUnsigned(now, had) > 0 ? now : had);
    }
  }

  private long flush(StreamTask task, long flushed) {
    long upTo = acknowledged.get();
    if (upTo == flushed) {
      return flushed;
    }
    try {
      Failpoint.ACKNOWLEDGEMENT_DUE.reached();
      boolean told = task.flush(upTo);
      Failpoint.ACKNOWLEDGED.reached();
      return told ? upTo : flushed;
    } catch (SQLException e) {
      throw connections.failure("acknowledging " + PostgresPosition.lsnText(upTo), e);
    }
  }

  /** Sends the last acknowledgement and waits, bounded, until the server has taken it. */
  private void flushLast(StreamTask task) throws InterruptedException {
    long upTo = acknowledged.get();
    if (upTo == 0 || flush(task, 0) != upTo) {
      return;
    }
    SlotCheck check = new SlotCheck(source, connections);
    for (int i = 0; i < FLUSH_ATTEMPTS; i++) {
      if (Long.compareUnsigned(check.confirmedLsn(), upTo) >= 0) {
        return;
      }
      Backoff.pause(FLUSH_PAUSE);
    }
    LOG.warn(
        "slot {} has not confirmed {} at the end; the log from there on is sent again",
        source.slot(),
        PostgresPosition.lsnText(upTo));
  }

  @Override
  public void stop() {
    stopping = true;
  }

  /**
   * Stops, and waits until {@link #run} has ended; a sink that still blocks then is interrupted by
   * its owner.
   */
  @Override
  public void close() {
    stop();
    CountDownLatch ended = running;
    if (ended == null) {
      return;
    }
    try {
      if (!ended.await(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IllegalStateException(
            "the stream did not end within " + CLOSE_TIMEOUT.toSeconds() + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private long currentXid() {
    try (Connection connection = connections.open("stream");
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")) {
      if (!row.next()) {
        throw new SQLException("no snapshot");
      }
      return row.getLong(1);
    } catch (SQLException e) {
      throw connections.failure("asking for the current transaction id", e);
    }
  }

  /** What to throw for a failure of Debezium's. */
  private RuntimeException failure(RuntimeException failure) {
    Throwable cause = failure;
    for (int i = 0; cause != null && i < MAX_CAUSES; i++) {
      String message = cause.getMessage() == null ? "" : cause.getMessage();
      if (cause instanceof FirnException ours) {
        return ours;
      }
      Matcher byCase = EndMarkingConnection.BY_CASE.matcher(message);
      if (byCase.find()) {
        return new FirnException(
            FirnException.Kind.SCHEMA_CHANGED,
            "the shape of "
                + byCase.group(1)
                + " changed: it now has columns that differ only by case, which cannot be read",
            "rename one of the columns, then load the replica again: drop the slot "
                + source.slot()
                + ", and the replica's tables and control table in the catalog, and run firn setup",
            failure);
      }
      if (message.contains("has already been removed") || message.contains("has been removed")) {
        return new FirnException(
            FirnException.Kind.POSITION_LOST,
            "the server removed log that slot " + source.slot() + " needs: " + message,
            SlotCheck.loadAgain(source),
            failure);
      }
      if (cause instanceof SQLException sql) {
        return connections.failure("reading the log", sql);
      }
      if (cause instanceof IOException) {
        return connections.failure("reading the log", new SQLException(message, "08006", cause));
      }
      cause = cause.getCause();
    }
    return new IllegalStateException("reading the log of " + source.address() + " failed", failure);
  }
}
