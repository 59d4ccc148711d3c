package dev.firn.cdc.slot;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.position.PostgresPosition;
import dev.firn.config.SourceConfig;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Makes the replication slot. Nothing here drops one. */
public final class Slots {
  private static final Duration CREATION_TIMEOUT = Duration.ofSeconds(60);
  private static final int MAX_NAMED = 5;

  /** From here on a slot can be kept on standbys too, so that a failover does not lose it. */
  private static final int FAILOVER_SLOTS_SINCE = 17;

  private final SourceConfig source;
  private final PostgresConnections connections;
  private final Duration timeout;

  /** The slot that the config names. */
  public Slots(SourceConfig source, PostgresConnections connections) {
    this(source, connections, CREATION_TIMEOUT);
  }

  Slots(SourceConfig source, PostgresConnections connections, Duration timeout) {
    this.source = source;
    this.connections = connections;
    this.timeout = timeout;
  }

  /**
   * The call that makes a slot, as SQL.
   *
   * @param serverMajor the server's major version
   * @param name the slot's name, as an SQL literal or a parameter
   */
  public static String creation(int serverMajor, String name) {
    return "pg_create_logical_replication_slot("
        + name
        + ", 'pgoutput'"
        + (serverMajor >= FAILOVER_SLOTS_SINCE ? ", failover => true" : "")
        + ")";
  }

  /**
   * Makes the slot where there is none. The server then waits until every transaction that is open
   * has ended.
   *
   * @return the place from which the slot streams: the new slot's consistent point, or where an
   *     existing one stands
   * @throws FirnException SOURCE_UNFIT where transactions stay open for a minute (they are named),
   *     or the server has no slot left; SOURCE_UNREACHABLE
   */
  public Position createIfMissing() {
    try (Connection connection = connections.open("slot setup")) {
      SlotCheck.SlotState existing = SlotCheck.SlotState.read(connection, source.slot());
      if (existing != null) {
        return PostgresPosition.at(existing.confirmedLsn(), 0);
      }
      return create(connection);
    } catch (SQLException e) {
      throw connections.failure("making the replication slot " + source.slot(), e);
    }
  }

  private Position create(Connection connection) throws SQLException {
    try (Statement session = connection.createStatement()) {
      session.execute("SET statement_timeout = " + timeout.toMillis());
    }
    int version = connection.getMetaData().getDatabaseMajorVersion();
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT lsn::text FROM pg_catalog." + creation(version, "?"))) {
      statement.setString(1, source.slot());
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          throw new SQLException("the slot was made without a position");
        }
        return PostgresPosition.at(PostgresPosition.parseLsn(row.getString(1)), 0);
      }
    } catch (SQLException e) {
      switch (e.getSQLState() == null ? "" : e.getSQLState()) {
        case "57014" ->
            throw new FirnException(
                FirnException.Kind.SOURCE_UNFIT,
                "the replication slot "
                    + source.slot()
                    + " could not be made within "
                    + timeout.toSeconds()
                    + " s, because transactions are open: "
                    + String.join("; ", blockers()),
                "end them, and start again",
                e);
        case "53400" ->
            throw new FirnException(
                FirnException.Kind.SOURCE_UNFIT,
                "the server has no replication slot left for " + source.slot(),
                "raise max_replication_slots, or drop a slot that nobody uses",
                e);
        default -> throw e;
      }
    }
  }

  private List<String> blockers() {
    try (Connection connection = connections.open("slot setup");
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT 'process ' || pid || ' of user ' || coalesce(usename, '?') || ' ('"
                    + " || coalesce(application_name, '') || '), open since ' || xact_start"
                    + " FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL"
                    + " UNION ALL SELECT 'prepared transaction ' || quote_literal(gid)"
                    + " || ' of user ' || owner || ', since ' || prepared"
                    + " FROM pg_catalog.pg_prepared_xacts LIMIT "
                    + MAX_NAMED)) {
      List<String> named = new ArrayList<>();
      while (rows.next()) {
        named.add(rows.getString(1));
      }
      return named.isEmpty() ? List.of("none that is still open") : named;
    } catch (SQLException e) {
      throw connections.failure("asking who holds the slot up", e);
    }
  }
}
