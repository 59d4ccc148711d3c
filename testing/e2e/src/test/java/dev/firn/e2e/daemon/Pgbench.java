package dev.firn.e2e.daemon;

import dev.firn.change.fault.Backoff;
import dev.firn.testing.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * pgbench's tables and its TPC-B-like transactions, statement by statement, without the program,
 * which no embedded PostgreSQL brings.
 */
public final class Pgbench implements AutoCloseable {
  /** The tables with a primary key; {@code pgbench_history} has none. */
  public static final List<String> KEYED_TABLES =
      List.of("pgbench_accounts", "pgbench_branches", "pgbench_tellers");

  private static final int ACCOUNTS_PER_BRANCH = 100_000;
  private static final int TELLERS_PER_BRANCH = 10;
  private static final int MAX_DELTA = 5_000;

  private final Clients clients = new Clients();
  private final AtomicLong transactions = new AtomicLong();

  private Pgbench() {}

  /** Makes and fills the tables, as {@code pgbench -i -s scale} does. */
  public static void initialize(Connection connection, int scale) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          """
          CREATE TABLE pgbench_history
            (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
          CREATE TABLE pgbench_tellers
            (tid int NOT NULL, bid int, tbalance int, filler char(84)) WITH (fillfactor = 100);
          CREATE TABLE pgbench_accounts
            (aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor = 100);
          CREATE TABLE pgbench_branches
            (bid int NOT NULL, bbalance int, filler char(88)) WITH (fillfactor = 100);\
          """);
    }
    insert(
        connection,
        "INSERT INTO pgbench_branches (bid, bbalance) SELECT bid, 0 FROM generate_series(1, ?) bid",
        scale);
    insert(
        connection,
        """
        INSERT INTO pgbench_tellers (tid, bid, tbalance)
        SELECT tid, (tid - 1) / 10 + 1, 0 FROM generate_series(1, ?) tid\
        """,
        scale * TELLERS_PER_BRANCH);
    insert(
        connection,
        """
        INSERT INTO pgbench_accounts (aid, bid, abalance, filler)
        SELECT aid, (aid - 1) / 100000 + 1, 0, '' FROM generate_series(1, ?) aid\
        """,
        scale * ACCOUNTS_PER_BRANCH);
    try (Statement statement = connection.createStatement()) {
      statement.execute("ALTER TABLE pgbench_branches ADD PRIMARY KEY (bid)");
      statement.execute("ALTER TABLE pgbench_tellers ADD PRIMARY KEY (tid)");
      statement.execute("ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)");
    }
  }

  private static void insert(Connection connection, String sql, int rows) throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement(sql)) {
      insert.setInt(1, rows);
      insert.executeUpdate();
    }
  }

  /**
   * Starts clients, each with a connection of its own, that run until {@link #stop}.
   *
   * @param pause between a client's transactions
   */
  public static Pgbench start(
      EmbeddedPostgres postgres, String database, int scale, int clients, Duration pause) {
    Pgbench pgbench = new Pgbench();
    for (int client = 0; client < clients; client++) {
      Random random = new Random(client);
      pgbench.clients.start(() -> pgbench.run(postgres, database, scale, random, pause));
    }
    return pgbench;
  }

  /** How many transactions have been committed. */
  public long transactions() {
    return transactions.get();
  }

  /** Ends the clients after the transactions that they are in; a client's failure is thrown. */
  public void stop() throws ExecutionException, InterruptedException {
    clients.stop();
  }

  private void run(
      EmbeddedPostgres postgres, String database, int scale, Random random, Duration pause)
      throws SQLException, InterruptedException {
    try (Connection connection = postgres.connect(database)) {
      connection.setAutoCommit(false);
      while (!clients.stopped()) {
        transaction(connection, scale, random);
        transactions.incrementAndGet();
        Backoff.pause(pause);
      }
    }
  }

  private static void transaction(Connection connection, int scale, Random random)
      throws SQLException {
    int aid = 1 + random.nextInt(ACCOUNTS_PER_BRANCH * scale);
    int bid = 1 + random.nextInt(scale);
    int tid = 1 + random.nextInt(TELLERS_PER_BRANCH * scale);
    int delta = random.nextInt(2 * MAX_DELTA + 1) - MAX_DELTA;
    execute(
        connection,
        "UPDATE pgbench_accounts SET abalance = abalance + ? WHERE aid = ?",
        delta,
        aid);
    try (PreparedStatement select =
        connection.prepareStatement("SELECT abalance FROM pgbench_accounts WHERE aid = ?")) {
      select.setInt(1, aid);
      try (ResultSet row = select.executeQuery()) {
        row.next();
      }
    }
    execute(
        connection, "UPDATE pgbench_tellers SET tbalance = tbalance + ? WHERE tid = ?", delta, tid);
    execute(
        connection,
        "UPDATE pgbench_branches SET bbalance = bbalance + ? WHERE bid = ?",
        delta,
        bid);
    execute(
        connection,
        """
        INSERT INTO pgbench_history (tid, bid, aid, delta, mtime)
        VALUES (?, ?, ?, ?, CURRENT_TIMESTAMP)\
        """,
        tid,
        bid,
        aid,
        delta);
    connection.commit();
  }

  private static void execute(Connection connection, String sql, int... parameters)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setInt(i + 1, parameters[i]);
      }
      statement.executeUpdate();
    }
  }

  @Override
  public void close() {
    clients.close();
  }
}
