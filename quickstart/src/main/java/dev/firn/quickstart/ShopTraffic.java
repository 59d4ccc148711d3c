package dev.firn.quickstart;

import dev.firn.testing.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the shop busy at a chosen rate, from several connections. Each transaction is due at a time
 * of its own; one that is late is made up for, so the rate holds on average as long as the database
 * can do it, and {@link #committed} says what was done really.
 */
final class ShopTraffic implements AutoCloseable {
  private static final int MAX_CONNECTIONS = 32;

  /** A durable commit on a busy disk takes some 30 ms; commits that wait together share a flush. */
  private static final int RATE_PER_CONNECTION = 32;

  private static final int MAX_CONFLICTS_IN_A_ROW = 100;
  private static final String DEADLOCK = "40P01";

  private final List<Thread> threads = new ArrayList<>();
  private final AtomicLong due = new AtomicLong();
  private final AtomicLong committed = new AtomicLong();
  private final AtomicReference<@Nullable SQLException> failure = new AtomicReference<>();
  private final long startNanos = System.nanoTime();
  private final double nanosPerTransaction;
  private volatile boolean stopped;

  private ShopTraffic(int transactionsPerSecond) {
    nanosPerTransaction = 1e9 / transactionsPerSecond;
  }

  /** Starts the traffic. */
  static ShopTraffic start(EmbeddedPostgres server, int transactionsPerSecond) {
    ShopTraffic traffic = new ShopTraffic(transactionsPerSecond);
    int connections = Math.clamp(transactionsPerSecond / RATE_PER_CONNECTION, 2, MAX_CONNECTIONS);
    for (int i = 0; i < connections; i++) {
      Thread thread = new Thread(() -> traffic.work(server), "shop-" + i);
      thread.setDaemon(true);
      traffic.threads.add(thread);
      thread.start();
    }
    return traffic;
  }

  /**
   * Transactions committed so far.
   *
   * @throws SQLException what ended the traffic, where something did
   */
  long committed() throws SQLException {
    throwFailure();
    return committed.get();
  }

  /** Ends the traffic and waits for the transactions in hand. */
  void stop() throws InterruptedException, SQLException {
    stopped = true;
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
      thread.join(TimeUnit.SECONDS.toMillis(30));
      if (thread.isAlive()) {
        throw new SQLException("a shop transaction did not end within 30 s");
      }
    }
    throwFailure();
  }

  private void throwFailure() throws SQLException {
    SQLException first = failure.get();
    if (first != null) {
      throw first;
    }
  }

  @Override
  public void close() {
    stopped = true;
    threads.forEach(LockSupport::unpark);
  }

  private void work(EmbeddedPostgres server) {
    try (Connection connection = server.connect(Shop.DATABASE);
        PreparedStatement event = connection.prepareStatement("SELECT shop_event()")) {
      int conflicts = 0;
      while (!stopped) {
        awaitTurn(startNanos + (long) (due.getAndIncrement() * nanosPerTransaction));
        if (stopped) {
          return;
        }
        try {
          event.execute();
          committed.incrementAndGet();
          conflicts = 0;
        } catch (SQLException e) {
          if (!DEADLOCK.equals(e.getSQLState()) || ++conflicts > MAX_CONFLICTS_IN_A_ROW) {
            throw e;
          }
        }
      }
    } catch (SQLException e) {
      if (!failure.compareAndSet(null, e)) {
        SQLException first = failure.get();
        if (first != null) {
          first.addSuppressed(e);
        }
      }
      stopped = true;
    }
  }

  private void awaitTurn(long atNanos) {
    while (!stopped) {
      long waitNanos = atNanos - System.nanoTime();
      if (waitNanos <= 0) {
        return;
      }
      LockSupport.parkNanos(this, waitNanos);
    }
  }
}
