package dev.firn.cdc.postgres;

import dev.firn.change.fault.Backoff;
import dev.firn.change.fault.FirnException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Waits until every transaction that began before is visible to new snapshots, or was rolled back.
 *
 * <p>A transaction can lie before a place in the log and still be invisible to a snapshot opened
 * there: its commit record is written, its end is not yet published. So: take a transaction id x0
 * of our own and end that transaction; then, from a session that has no id, wait until a fresh
 * snapshot's xmin lies above x0. Every older transaction has then ended for every snapshot to come.
 */
final class VisibilityBarrier {
  private static final Duration POLL = Duration.ofMillis(20);

  /** Joined by the low 32 bits: these views show no more. */
  private static final String BLOCKERS =
      """
      WITH blocker AS (
        SELECT x::text::numeric AS xid, mod(x::text::numeric, 4294967296)::text AS low
          FROM pg_snapshot_xip(pg_current_snapshot()) x
         WHERE x <= ?::xid8)
      SELECT format('prepared transaction %L of %s in database %s, prepared %s',
                    p.gid, p.owner, p.database, p.prepared),
             format('COMMIT PREPARED %L or ROLLBACK PREPARED %1$L in database %2$s',
                    p.gid, p.database)
        FROM blocker b JOIN pg_prepared_xacts p ON p.transaction::text = b.low
      UNION ALL
      SELECT format('transaction %s of process %s (user %s, database %s, application %L, %s since %s)',
                    b.xid, a.pid, a.usename, a.datname, a.application_name, a.state, a.xact_start),
             format('end it, or SELECT pg_terminate_backend(%s)', a.pid)
        FROM blocker b JOIN pg_stat_activity a ON a.backend_xid::text = b.low
      """;

  private final Duration timeout;

  VisibilityBarrier(Duration timeout) {
    this.timeout = timeout;
  }

  /**
   * Waits, on a connection in autocommit.
   *
   * @param purpose what waits, for the message
   * @throws FirnException SOURCE_UNFIT where a transaction does not end in time; it is named
   */
  void await(Connection connection, String purpose) throws SQLException, InterruptedException {
    long x0 = Long.parseLong(one(connection, "SELECT pg_current_xact_id()::text"));
    long start = System.nanoTime();
    while (Long.parseLong(one(connection, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))
        <= x0) {
      if (System.nanoTime() - start >= timeout.toNanos()) {
        throw blocked(connection, x0, purpose);
      }
      Backoff.pause(POLL);
    }
  }

  private FirnException blocked(Connection connection, long x0, String purpose)
      throws SQLException {
    List<String> blockers = new ArrayList<>();
    List<String> mends = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(BLOCKERS)) {
      statement.setString(1, Long.toString(x0));
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          blockers.add(rows.getString(1));
          mends.add(rows.getString(2));
        }
      }
    }
    return new FirnException(
        FirnException.Kind.SOURCE_UNFIT,
        purpose
            + " has to wait for transactions that began before it, and after "
            + timeout.toSeconds()
            + " s there still is "
            + (blockers.isEmpty()
                ? "one at or below " + x0 + " that the server does not name"
                : String.join(", and ", blockers)),
        mends.isEmpty() ? "end the oldest transactions at the source" : String.join("; ", mends));
  }

  private static String one(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }
}
