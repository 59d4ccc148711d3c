package dev.firn.e2e.daemon;

import dev.firn.change.fault.Backoff;
import dev.firn.testing.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;

/**
 * Accounts in two tables, and clients that carry money from one to the other, a transaction for
 * each: the sum over both stays what it is. It goes one way only, so that whoever sees one table
 * earlier than the other sees another sum.
 */
public final class Bank implements AutoCloseable {
  /** In all accounts of both tables. */
  public static final long SUM = 200_000_000;

  public static final Mirror.Tables TABLES =
      new Mirror.Tables(
          "bank",
          List.of("savings", "spendings"),
          List.of("bank.*"),
          Bank::fill,
          "UPDATE bank.savings SET amount = amount WHERE id = 1");

  private static final int ACCOUNTS = 100;
  private static final int MOST_CARRIED = 20;
  private static final Duration PAUSE = Duration.ofMillis(10);

  private final Clients clients = new Clients();

  private Bank() {}

  private static void fill(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE SCHEMA bank");
      for (String table : TABLES.names()) {
        statement.execute(
            "CREATE TABLE bank." + table + " (id int PRIMARY KEY, amount bigint NOT NULL)");
        statement.execute(
            "INSERT INTO bank."
                + table
                + " SELECT i, "
                + SUM / 2 / ACCOUNTS
                + " FROM generate_series(1, "
                + ACCOUNTS
                + ") i");
      }
    }
  }

  /** Starts a client, which runs until {@link #stop}. */
  public static Bank start(EmbeddedPostgres postgres, long seed) {
    Bank bank = new Bank();
    bank.clients.start(() -> bank.run(postgres, new Random(seed)));
    return bank;
  }

  private void run(EmbeddedPostgres postgres, Random random)
      throws SQLException, InterruptedException {
    try (Connection connection = postgres.connect(Mirror.DATABASE);
        PreparedStatement from =
            connection.prepareStatement(
                "UPDATE bank.savings SET amount = amount - ? WHERE id = ?");
        PreparedStatement to =
            connection.prepareStatement(
                "UPDATE bank.spendings SET amount = amount + ? WHERE id = ?")) {
      connection.setAutoCommit(false);
      while (!clients.stopped()) {
        long carried = 1L + random.nextInt(MOST_CARRIED);
        for (PreparedStatement side : List.of(from, to)) {
          side.setLong(1, carried);
          side.setInt(2, 1 + random.nextInt(ACCOUNTS));
          side.executeUpdate();
        }
        connection.commit();
        Backoff.pause(PAUSE);
      }
    }
  }

  /** Ends the client after the transaction that it is in; its failure is thrown. */
  public void stop() throws ExecutionException, InterruptedException {
    clients.stop();
  }

  @Override
  public void close() {
    clients.close();
  }
}
