package dev.firn.cdc.postgres;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.slot.SlotCheck;
import dev.firn.change.fault.FirnException;
import dev.firn.change.health.Check;
import dev.firn.change.table.TableId;
import dev.firn.config.FirnConfig;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Looks at everything in the source on which mirroring depends, and names the mend. */
public final class PostgresDoctor {
  /** The oldest major version that Firn mirrors. */
  public static final int OLDEST = 14;

  /** The newest major version that Firn mirrors. */
  public static final int NEWEST = 18;

  private static final String SERVER =
      """
      SELECT current_setting('wal_level'), pg_encoding_to_char(d.encoding),
             r.rolsuper OR r.rolreplication
               OR EXISTS (SELECT FROM pg_roles m
                           WHERE m.rolname IN ('rds_replication', 'rds_superuser')
                             AND pg_has_role(r.oid, m.oid, 'MEMBER')),
             current_setting('max_replication_slots')::int
               - (SELECT count(*) FROM pg_replication_slots)::int,
             current_setting('max_wal_senders')::int
               - (SELECT count(*) FROM pg_stat_replication)::int,
             current_setting('max_slot_wal_keep_size'),
             coalesce(current_setting('idle_replication_slot_timeout', true), '0')
        FROM pg_roles r, pg_database d
       WHERE r.rolname = current_user AND d.datname = current_database()
      """;

  private static final String SLOT =
      """
      SELECT slot_type, plugin, database, active_pid, wal_status,
             pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn))
        FROM pg_replication_slots WHERE slot_name = ?
      """;

  private static final String UNREADABLE =
      """
      SELECT n.nspname || '.' || c.relname,
             CASE WHEN NOT has_schema_privilege(n.oid, 'USAGE')
                    THEN format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, current_user)
                  WHEN NOT has_table_privilege(c.oid, 'SELECT')
                    THEN format('GRANT SELECT ON TABLE %I.%I TO %I', n.nspname, c.relname,
                                current_user)
                  ELSE format('ALTER ROLE %I BYPASSRLS (row security hides rows of it)',
                              current_user) END
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.oid = ANY (?::oid[])
         AND (NOT has_schema_privilege(n.oid, 'USAGE')
              OR NOT has_table_privilege(c.oid, 'SELECT')
              OR row_security_active(c.oid))
       ORDER BY 1
      """;

  private static final String OLD_TRANSACTIONS =
      """
      SELECT format('prepared transaction %L of %s in database %s, since %s',
                    gid, owner, database, prepared),
             format('COMMIT PREPARED %L or ROLLBACK PREPARED %1$L in database %s', gid, database)
        FROM pg_prepared_xacts WHERE prepared < now() - interval '5 minutes'
      UNION ALL
      SELECT format('process %s of %s in database %s, %s, since %s',
                    pid, usename, datname, state, xact_start),
             format('end it, or SELECT pg_terminate_backend(%s)', pid)
        FROM pg_stat_activity
       WHERE backend_xid IS NOT NULL AND xact_start < now() - interval '5 minutes'
      """;

  private final PostgresConnections connections;
  private final FirnConfig config;

  /** A doctor for the config's source. */
  public PostgresDoctor(PostgresConnections connections, FirnConfig config) {
    this.connections = connections;
    this.config = config;
  }

  /**
   * Looks at everything; changes nothing. Where something makes further looks senseless, they are
   * left out.
   *
   * @param replica the tables of a replica that has a position: a slot that is missing then is not
   *     for firn setup to make, and {@link SlotCheck#look} tells of it; empty where there is none
   */
  public List<Check> check(Optional<Set<TableId>> replica) {
    return look(true, replica);
  }

  /**
   * Looks at everything but the slot: a start makes it for a new replica, and for an old one holds
   * it against the replica's position.
   *
   * @param replica as in {@link #check}
   */
  public List<Check> checkBeforeStart(Optional<Set<TableId>> replica) {
    return look(false, replica);
  }

  private List<Check> look(boolean withSlot, Optional<Set<TableId>> replica) {
    List<Check> checks = new ArrayList<>();
    String address = config.source().address();
    try (Connection connection = connections.open("doctor")) {
      checks.add(Check.ok("source reachable", address + " as " + config.source().user()));
      int version = connection.getMetaData().getDatabaseMajorVersion();
      String told = "PostgreSQL " + connection.getMetaData().getDatabaseProductVersion();
      if (version < OLDEST || version > NEWEST) {
        checks.add(
            Check.failed("source version", told, "use PostgreSQL " + OLDEST + " to " + NEWEST));
        return checks;
      }
      checks.add(Check.ok("source version", told));
      if (isStandby(connection)) {
        checks.add(
            Check.failed(
                "source role", "the server is a standby", "point source.url at the primary"));
        return checks;
      }
      SetupState state = SetupState.read(connection, config.source());
      boolean slotExists = state.slotExists();
      server(connection, slotExists, checks);
      SourceTables all = new SourceCatalog(connections, config).read(connection);
      SourceTables tables = replica.map(all::leavingOutNew).orElse(all);
      tables(tables, checks);
      rights(connection, tables, checks);
      setup(state, tables, checks);
      if (withSlot && (slotExists || replica.isEmpty())) {
        slot(connection, slotExists, checks);
      }
      transactions(connection, checks);
    } catch (FirnException e) {
      checks.add(Check.failed("source", message(e), e.mend()));
    } catch (SQLException e) {
      FirnException failure = connections.failure("looking at the source", e);
      checks.add(Check.failed("source", message(failure), failure.mend()));
    }
    return checks;
  }

  private static String message(FirnException failure) {
    return String.valueOf(failure.getMessage());
  }

  private void server(Connection connection, boolean slotExists, List<Check> checks)
      throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(SERVER)) {
      if (!row.next()) {
        throw new SQLException("the server does not know its own user");
      }
      String walLevel = row.getString(1);
      checks.add(
          walLevel.equals("logical")
              ? Check.ok("wal_level", walLevel)
              : Check.failed(
                  "wal_level",
                  walLevel,
                  "ALTER SYSTEM SET wal_level = logical, and restart the server (on RDS the"
                      + " parameter rds.logical_replication = 1, on Cloud SQL"
                      + " cloudsql.logical_decoding)"));
      String encoding = row.getString(2);
      checks.add(
          encoding.equals("SQL_ASCII")
              ? Check.failed(
                  "encoding",
                  "SQL_ASCII: the server does not know what its bytes stand for",
                  "move the data to a database with encoding UTF8")
              : Check.ok("encoding", encoding));
      String user = SqlNames.quote(config.source().user());
      checks.add(
          row.getBoolean(3)
              ? Check.ok("replication right", config.source().user() + " may replicate")
              : Check.failed(
                  "replication right",
                  config.source().user() + " may not replicate",
                  "ALTER ROLE " + user + " REPLICATION (on RDS GRANT rds_replication TO it)"));
      checks.add(free("max_replication_slots", row.getInt(4), slotExists));
      checks.add(free("max_wal_senders", row.getInt(5), false));
      String keep = row.getString(6);
      checks.add(
          keep.equals("-1")
              ? Check.warning(
                  "max_slot_wal_keep_size",
                  "unbounded: while Firn is stopped the log grows until the disk is full",
                  "set it to what the disk can spare; beyond it the replica is loaded again")
              : Check.ok(
                  "max_slot_wal_keep_size",
                  keep + ": beyond it the slot is lost, and the replica is loaded again"));
      String idle = row.getString(7);
      if (!idle.equals("0")) {
        checks.add(
            Check.warning(
                "idle_replication_slot_timeout",
                idle + ": when Firn is stopped for longer, the slot is lost",
                "ALTER SYSTEM SET idle_replication_slot_timeout = 0"));
      }
    }
  }

  private static boolean isStandby(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_is_in_recovery()")) {
      return row.next() && row.getBoolean(1);
    }
  }

  private static Check free(String setting, int free, boolean held) {
    if (held || free > 0) {
      return Check.ok(setting, free + " free");
    }
    return Check.failed(
        setting, "none free", "raise " + setting + " and restart the server, or free one");
  }

  private static void tables(SourceTables tables, List<Check> checks) {
    int mirrored = tables.mirrored().size();
    if (mirrored > 0) {
      checks.add(
          Check.ok(
              "tables", mirrored + " can be mirrored, " + tables.refused().size() + " refused"));
    } else {
      checks.add(
          Check.failed(
              "tables",
              "no table that the config matches can be mirrored",
              "correct the patterns under tables, or mend the tables named here"));
    }
    for (SourceTable table : tables.all()) {
      String name = "table " + table.id();
      switch (table) {
        case SourceTable.Mirrored fit ->
            fit.notes().forEach(note -> checks.add(Check.warning(name, note, "")));
        case SourceTable.Refused refused ->
            checks.add(
                refused.namedExactly()
                    ? Check.failed(name, refused.why(), refused.mend())
                    : Check.warning(name, refused.why() + ": it is not mirrored", refused.mend()));
      }
    }
  }

  private static void rights(Connection connection, SourceTables tables, List<Check> checks)
      throws SQLException {
    String oids =
        tables.schemas().stream()
            .map(schema -> Long.toString(schema.sourceId()))
            .collect(Collectors.joining(",", "{", "}"));
    int before = checks.size();
    try (PreparedStatement statement = connection.prepareStatement(UNREADABLE)) {
      statement.setString(1, oids);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          checks.add(
              Check.failed(
                  "rights",
                  rows.getString(1) + " cannot be read as a whole by this user",
                  rows.getString(2)));
        }
      }
    }
    if (before == checks.size()) {
      checks.add(Check.ok("rights", "every table can be read"));
    }
  }

  private void setup(SetupState state, SourceTables tables, List<Check> checks) {
    String name = "publication " + config.source().publication();
    SetupPlan plan;
    try {
      plan = SetupPlan.of(state, tables, config.source());
    } catch (FirnException e) {
      checks.add(Check.failed(name, message(e), e.mend()));
      return;
    }
    List<SetupPlan.Step> publication = plan.steps(SetupPlan.Part.PUBLICATION);
    checks.add(
        publication.isEmpty()
            ? Check.ok(name, "holds exactly the tables that can be mirrored")
            : Check.failed(
                name,
                state.publication().isPresent()
                    ? "does not hold exactly the tables to be mirrored; to be run: "
                        + statements(publication)
                    : "does not exist: the source is not set up for Firn yet",
                "firn setup"));
    List<SetupPlan.Step> triggers = plan.steps(SetupPlan.Part.TRIGGERS);
    if (triggers.isEmpty()) {
      checks.add(Check.ok("schema-change triggers", "installed"));
    } else {
      checks.add(
          Check.warning(
              "schema-change triggers",
              "not installed as they should be: a schema change is noticed late, and a table that"
                  + " loses its key stays published, so that UPDATE and DELETE on it fail at the"
                  + " source",
              triggers.getFirst().permitted()
                  ? "firn setup"
                  : "run what firn setup --print prints as a superuser"));
    }
  }

  private static String statements(List<SetupPlan.Step> steps) {
    return steps.stream().map(SetupPlan.Step::sql).collect(Collectors.joining("; "));
  }

  private void slot(Connection connection, boolean exists, List<Check> checks) throws SQLException {
    String name = "slot " + config.source().slot();
    if (!exists) {
      checks.add(Check.failed(name, "does not exist", "firn setup"));
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(SLOT)) {
      statement.setString(1, config.source().slot());
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          checks.add(Check.failed(name, "was dropped just now", "firn setup"));
          return;
        }
        String kind = row.getString(1);
        if (!kind.equals("logical")
            || !"pgoutput".equals(row.getString(2))
            || !config.source().database().equals(row.getString(3))) {
          checks.add(
              Check.failed(
                  name,
                  "is a " + kind + " slot of " + row.getString(2) + " on " + row.getString(3),
                  "name another slot in source.slot and run firn setup"));
          return;
        }
        String status = String.valueOf(row.getString(5));
        int activePid = row.getInt(4);
        String detail = "holds back " + row.getString(6) + " of log, " + status;
        if (status.equals("lost")) {
          checks.add(
              Check.failed(
                  name,
                  "is lost: the server removed log that it still needed",
                  SlotCheck.loadAgain(config.source())));
        } else if (activePid != 0) {
          checks.add(
              Check.warning(
                  name,
                  detail + "; in use by process " + activePid,
                  "stop the other daemon before this one is started"));
        } else if (status.equals("unreserved")) {
          checks.add(Check.warning(name, detail, "start Firn, or raise max_slot_wal_keep_size"));
        } else {
          checks.add(Check.ok(name, detail));
        }
      }
    }
  }

  private static void transactions(Connection connection, List<Check> checks) throws SQLException {
    int before = checks.size();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(OLD_TRANSACTIONS)) {
      while (rows.next()) {
        checks.add(
            Check.warning(
                "old transactions",
                rows.getString(1) + ": a new slot and every first copy wait for it",
                rows.getString(2)));
      }
    }
    if (before == checks.size()) {
      checks.add(Check.ok("old transactions", "none"));
    }
  }
}
