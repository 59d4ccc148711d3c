package dev.firn.cdc.slot;

import dev.firn.cdc.connect.PostgresConnections;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/**
 * What the server says of a slot.
 *
 * @param walStatus whether the log that it needs is still there: reserved, extended, unreserved or
 *     lost
 * @param retainedBytes log that the slot holds back
 * @param active whether somebody streams from it
 */
public record SlotStatus(String walStatus, long retainedBytes, boolean active) {
  /**
   * Asks the server.
   *
   * @return empty where there is no slot of that name
   * @throws dev.firn.change.fault.FirnException where the source cannot be asked
   */
  public static Optional<SlotStatus> read(PostgresConnections connections, String slot) {
    try (Connection connection = connections.open("status");
        PreparedStatement statement =
            connection.prepareStatement(
                "SELECT coalesce(wal_status, 'unknown'),"
                    + " coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint,"
                    + " active FROM pg_catalog.pg_replication_slots WHERE slot_name = ?")) {
      statement.setString(1, slot);
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(new SlotStatus(row.getString(1), row.getLong(2), row.getBoolean(3)))
            : Optional.empty();
      }
    } catch (SQLException e) {
      throw connections.failure("asking about slot " + slot, e);
    }
  }
}
