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
  private final PostgresConnections connections;

  /** The log's end at this source. */
  public LogEnd(PostgresConnections connections) {
    this.connections = connections;
  }

  /**
   * A place behind every transaction that anybody can see by now.
   *
   * @throws dev.firn.change.fault.FirnException where the source cannot be asked
   */
  public Position read() {
    try (Connection connection = connections.open("log end");
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
      if (!row.next()) {
        throw new SQLException("the server named no position");
      }
      return PostgresPosition.at(PostgresPosition.parseLsn(row.getString(1)), 0);
    } catch (SQLException e) {
      throw connections.failure("asking where the log ends", e);
    }
  }
}
