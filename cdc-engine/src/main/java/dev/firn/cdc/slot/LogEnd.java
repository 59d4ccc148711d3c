package dev.firn.cdc.slot;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.change.position.Position;
import dev.firn.change.position.PostgresPosition;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Tells where the source's log ends now. */
public final class LogEnd {
  /** The prefix of a message that nobody reads. */
  private static final String FLUSH = "firn.flush";

  private final PostgresConnections connections;

  /** The log's end at this source. */
  public LogEnd(PostgresConnections connections) {
    this.connections = connections;
  }

  /**
   * A place behind every transaction that anybody can see by now, up to which the server keeps its
   * log even if it crashes: commits can be seen before they are flushed.
   *
   * @throws dev.firn.change.fault.FirnException where the source cannot be asked
   */
  public Position read() {
    try (Connection connection = connections.open("log end");
        Statement statement = connection.createStatement()) {
      long end;
      try (ResultSet row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
        if (!row.next()) {
          throw new SQLException("the server named no position");
        }
        end = PostgresPosition.parseLsn(row.getString(1));
      }
      // A commit that has something in the log flushes all that lies before it.
      statement.execute("SET synchronous_commit = local");
      statement.execute("SELECT pg_catalog.pg_logical_emit_message(true, '" + FLUSH + "', '')");
      return PostgresPosition.at(end, 0);
    } catch (SQLException e) {
      throw connections.failure("asking where the log ends", e);
    }
  }
}
