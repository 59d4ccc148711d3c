package dev.firn.cdc.slot;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.change.PipelineEvent;
import dev.firn.change.SourceReader.OutdatedStartException;
import dev.firn.change.fault.FirnException;
import dev.firn.config.SourceConfig;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes a message into the source's log at a regular pace, on a connection of its own, reports how
 * much log the slot holds back, and looks whether the source is still as the stream needs it.
 *
 * <p>The stream sees commits of published tables alone; traffic on others would hold the slot back
 * for ever. The message's own place is safe to acknowledge, also with transactions open around it:
 * a transaction that ends later is streamed later.
 */
public final class SlotHeartbeat implements AutoCloseable {
  /** The prefix of the messages; their content is the source's clock, microseconds since 1970. */
  public static final String PREFIX = "firn.heartbeat";

  /** A look at the source; what must end the stream is thrown. */
  @FunctionalInterface
  public interface Look {
    /** Looks, on a connection in autocommit. */
    void at(Connection connection) throws SQLException;
  }

  /**
   * What a look found, and when, in microseconds since 1970 on the source's clock. Who reads the
   * log that far has met whatever the log itself says of it.
   */
  private record Found(RuntimeException refusal, long micros) {}

  private static final Duration JOIN = Duration.ofSeconds(10);

  private static final String CLOCK =
      "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text";
  private static final String EMIT =
      "SELECT pg_catalog.pg_logical_emit_message(false, '" + PREFIX + "', " + CLOCK + ", true)";
  // Before 17 only a commit makes the server flush the message.
  private static final String EMIT_BEFORE_17 =
      "SELECT pg_catalog.pg_logical_emit_message(false, '"
          + PREFIX
          + "', "
          + CLOCK
          + "), pg_catalog.pg_current_xact_id()";
  private static final int VERSION_17 = 17;

  private final SourceConfig source;
  private final PostgresConnections connections;
  private final PipelineEvent.Listener listener;
  private final Duration every;
  private final Look look;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition closing = lock.newCondition();
  private final Thread thread;
  private boolean closed;
  private volatile @Nullable Connection connection;
  private volatile @Nullable RuntimeException failure;
  private volatile @Nullable Found found;

  private SlotHeartbeat(
      SourceConfig source,
      PostgresConnections connections,
      PipelineEvent.Listener listener,
      Duration every,
      Look look) {
    this.source = source;
    this.connections = connections;
    this.listener = listener;
    this.every = every;
    this.look = look;
    this.thread =
        Thread.ofPlatform().daemon().name("firn-heartbeat-" + source.slot()).unstarted(this::run);
  }

  /** Starts beating at once. */
  public static SlotHeartbeat start(
      SourceConfig source,
      PostgresConnections connections,
      PipelineEvent.Listener listener,
      Duration every,
      Look look) {
    SlotHeartbeat heartbeat = new SlotHeartbeat(source, connections, listener, every, look);
    heartbeat.thread.start();
    return heartbeat;
  }

  /**
   * Says whether it still beats, and whether the source is as it should be.
   *
   * @param readMicros how far the log is read, on the source's clock: what a look found later than
   *     that is not said yet
   * @throws RuntimeException what ended it, a FirnException for all that can happen at the source;
   *     or what a look found
   */
  public void check(long readMicros) {
    RuntimeException ended = failure;
    if (ended != null) {
      throw ended;
    }
    Found refused = found;
    if (refused != null && readMicros >= refused.micros()) {
      throw refused.refusal();
    }
  }

  private void run() {
    try (Connection own = connections.open("heartbeat")) {
      connection = own;
      String emit =
          own.getMetaData().getDatabaseMajorVersion() >= VERSION_17 ? EMIT : EMIT_BEFORE_17;
      while (!isClosed()) {
        beat(own, emit);
        pause();
      }
    } catch (SQLException e) {
      if (!isClosed()) {
        failure = connections.failure("writing a heartbeat", e);
      }
    } catch (RuntimeException e) {
      failure = e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void look(Connection own) throws SQLException {
    try {
      look.at(own);
    } catch (FirnException | OutdatedStartException e) {
      try (Statement statement = own.createStatement();
          ResultSet row = statement.executeQuery("SELECT " + CLOCK)) {
        row.next();
        found = new Found(e, row.getLong(1));
      }
    }
  }

  private void beat(Connection own, String emit) throws SQLException {
    if (found == null) {
      look(own);
    }
    try (Statement statement = own.createStatement()) {
      statement.execute(emit);
    }
    try (PreparedStatement statement =
        own.prepareStatement(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint, wal_status"
                + " FROM pg_catalog.pg_replication_slots WHERE slot_name = ?")) {
      statement.setString(1, source.slot());
      try (ResultSet row = statement.executeQuery()) {
        if (row.next()) {
          String status = row.getString(2);
          listener.on(
              new PipelineEvent.SourceRetention(
                  row.getLong(1), status == null ? "unknown" : status));
        }
      }
    }
  }

  private boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  private void pause() throws InterruptedException {
    lock.lock();
    try {
      long nanos = every.toNanos();
      while (!closed && nanos > 0) {
        nanos = closing.awaitNanos(nanos);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      closing.signalAll();
    } finally {
      lock.unlock();
    }
    Connection own = connection;
    try {
      if (own != null) {
        own.abort(Runnable::run);
      }
      if (!thread.join(JOIN)) {
        throw new IllegalStateException(
            thread.getName()
                + " did not end within "
                + TimeUnit.NANOSECONDS.toSeconds(JOIN.toNanos())
                + " s");
      }
    } catch (SQLException e) {
      throw connections.failure("closing the heartbeat", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
