package dev.firn.cdc.postgres;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.config.FirnConfig;
import dev.firn.config.SourceConfig;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Sets the source up: the triggers that log schema changes, where the user may make them, the
 * publication of the tables that can be mirrored, and the slot. May be run again at any time.
 */
public final class PostgresSetup {
  private final PostgresConnections connections;
  private final FirnConfig config;
  private final Runnable createSlot;

  /**
   * A set-up of what the config names.
   *
   * @param createSlot makes the slot where it is missing
   */
  public PostgresSetup(PostgresConnections connections, FirnConfig config, Runnable createSlot) {
    this.connections = connections;
    this.config = config;
    this.createSlot = createSlot;
  }

  /**
   * What would be run now. Changes nothing.
   *
   * @throws dev.firn.change.fault.FirnException where the source cannot be read, or {@link #apply}
   *     would refuse
   */
  public SetupPlan plan() {
    try (Connection connection = connections.open("setup")) {
      return plan(connection);
    } catch (SQLException e) {
      throw connections.failure("reading what is set up", e);
    }
  }

  SetupPlan plan(Connection connection) throws SQLException {
    SourceTables tables = new SourceCatalog(connections, config).read(connection);
    tables.requireUsable();
    return SetupPlan.of(SetupState.read(connection, config.source()), tables, config.source());
  }

  /**
   * Runs what has to be run: triggers and publication in one transaction, then the slot.
   *
   * @return what was run, and, not permitted, what was left to a superuser
   * @throws dev.firn.change.fault.FirnException SOURCE_UNFIT where a table that the config names
   *     exactly cannot be mirrored, or one that is published not as the config wants it (nothing is
   *     changed then), or a right is missing
   */
  public SetupPlan apply() {
    SetupPlan plan;
    try (Connection connection = connections.open("setup")) {
      plan = plan(connection);
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.execute("SET LOCAL lock_timeout = '30s'");
        for (SetupPlan.Step step : plan.steps()) {
          if (step.permitted() && step.part() != SetupPlan.Part.SLOT) {
            statement.execute(step.sql());
          }
        }
      }
      connection.commit();
    } catch (SQLException e) {
      throw connections.failure("setting up publication and triggers", e);
    }
    if (!plan.steps(SetupPlan.Part.SLOT).isEmpty()) {
      createSlot.run();
    }
    return plan;
  }

  /**
   * The rights that the config's user needs and no more, as a script for a superuser.
   *
   * @param tables those to be mirrored
   */
  public static String grants(SourceConfig source, SourceTables tables) {
    String user = SqlNames.quote(source.user());
    Set<String> schemas = new TreeSet<>();
    List<String> names = new ArrayList<>();
    for (SourceTable.Mirrored table : tables.mirrored()) {
      schemas.add(SqlNames.quote(table.id().schema()));
      names.add(SqlNames.quote(table.id()));
    }
    StringBuilder script =
        new StringBuilder()
            .append("-- To be run by a superuser. Where the role does not exist yet:\n")
            .append("-- CREATE ROLE ")
            .append(user)
            .append(" PASSWORD 'choose one';\n")
            .append("ALTER ROLE ")
            .append(user)
            .append(" LOGIN REPLICATION;\n")
            .append("GRANT CONNECT ON DATABASE ")
            .append(SqlNames.quote(source.database()))
            .append(" TO ")
            .append(user)
            .append(";\n");
    if (!names.isEmpty()) {
      script.append("GRANT USAGE ON SCHEMA ").append(String.join(", ", schemas));
      script.append(" TO ").append(user).append(";\n");
      script.append(
          names.stream().collect(Collectors.joining(",\n  ", "GRANT SELECT ON TABLE\n  ", "\n")));
      script.append("  TO ").append(user).append(";\n");
    }
    return script
        .append("-- So that messages can name whoever holds Firn up:\n")
        .append("GRANT pg_read_all_stats TO ")
        .append(user)
        .append(";\n")
        .append("-- A table is added to a publication by its owner alone. Either run what\n")
        .append("-- firn setup --print prints as a superuser, or, if ")
        .append(user)
        .append(" owns the tables:\n")
        .append("-- GRANT CREATE ON DATABASE ")
        .append(SqlNames.quote(source.database()))
        .append(" TO ")
        .append(user)
        .append(";\n")
        .toString();
  }
}
