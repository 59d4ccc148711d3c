package dev.firn.iceberg.catalog;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.apache.iceberg.jdbc.JdbcClientPool;

/**
 * The connections of a JDBC catalog. Iceberg's own pool runs an action a second time when its
 * connection failed: where the first run had moved a table's pointer and only the answer was lost,
 * the second finds the pointer moved, reads that as a conflict, and the manifests of the live
 * snapshot are cleaned up. Here an action runs once, whatever happens, and a connection on which
 * one failed is closed and replaced.
 */
final class SingleRunConnections extends JdbcClientPool {
  private static final int MOST = 4;
  private static final long CHECK_AFTER_IDLE_NANOS = Duration.ofSeconds(1).toNanos();
  private static final int CHECK_TIMEOUT_SECONDS = 10;

  private record Idle(Connection connection, long sinceNanos) {}

  private final Semaphore permits = new Semaphore(MOST, true);
  private final Deque<Idle> idle = new ArrayDeque<>();
  private boolean closed;

  SingleRunConnections(String uri, Map<String, String> properties) {
    super(MOST, uri, properties);
  }

  @Override
  public <R> R run(Action<R, Connection, SQLException> action)
      throws SQLException, InterruptedException {
    return run(action, false);
  }

  @Override
  public <R> R run(Action<R, Connection, SQLException> action, boolean retry)
      throws SQLException, InterruptedException {
    permits.acquire();
    try {
      Connection connection = take();
      boolean done = false;
      try {
        R result = action.run(connection);
        done = true;
        return result;
      } finally {
        giveBack(connection, done);
      }
    } finally {
      permits.release();
    }
  }

  @Override
  protected boolean isConnectionException(Exception e) {
    return false;
  }

  private Connection take() throws SQLException {
    while (true) {
      Idle candidate;
      synchronized (idle) {
        if (closed) {
          throw new SQLException("the catalog's connections are closed");
        }
        candidate = idle.pollFirst();
      }
      if (candidate == null) {
        return newClient();
      }
      if (System.nanoTime() - candidate.sinceNanos < CHECK_AFTER_IDLE_NANOS
          || candidate.connection.isValid(CHECK_TIMEOUT_SECONDS)) {
        return candidate.connection;
      }
      candidate.connection.close();
    }
  }

  private void giveBack(Connection connection, boolean healthy) throws SQLException {
    synchronized (idle) {
      if (healthy && !closed) {
        idle.addFirst(new Idle(connection, System.nanoTime()));
        return;
      }
    }
    connection.close();
  }

  @Override
  public void close() {
    Deque<Idle> rest;
    synchronized (idle) {
      closed = true;
      rest = new ArrayDeque<>(idle);
      idle.clear();
    }
    rest.forEach(one -> close(one.connection));
  }
}
