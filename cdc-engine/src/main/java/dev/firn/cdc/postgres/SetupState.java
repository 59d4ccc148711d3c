package dev.firn.cdc.postgres;

import dev.firn.change.table.TableId;
import dev.firn.config.SourceConfig;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What of Firn's is set up in the database.
 *
 * @param mayAddTriggers whether the user may make event triggers
 * @param slotExists whether there is a slot of the config's name
 * @param serverMajor the server's major version
 */
record SetupState(
    boolean mayAddTriggers,
    DdlTriggers.Installed triggers,
    Optional<Publication> publication,
    boolean slotExists,
    int serverMajor) {

  /**
   * The publication of the config's name.
   *
   * @param asNeeded whether it publishes all operations, and partitions through their root
   * @param generated whether it publishes generated columns, which only versions from 18 can
   * @param guarded whether Firn's triggers look after it
   * @param schemas published as a whole
   */
  record Publication(
      boolean allTables,
      boolean asNeeded,
      boolean generated,
      boolean guarded,
      List<Published> tables,
      List<String> schemas) {
    Publication {
      tables = List.copyOf(tables);
      schemas = List.copyOf(schemas);
    }
  }

  /**
   * A table in the publication.
   *
   * @param cut whether rows or columns are left out
   */
  record Published(long oid, TableId id, boolean cut) {}

  private static final int VERSION_15 = 15;

  /** Managed services let members of these make event triggers. */
  private static final String MAY_ADD_TRIGGERS =
      """
      SELECT r.rolsuper OR EXISTS (
               SELECT FROM pg_roles m
                WHERE m.rolname IN ('rds_superuser', 'cloudsqlsuperuser', 'alloydbsuperuser',
                                    'azure_pg_admin')
                  AND pg_has_role(r.oid, m.oid, 'MEMBER'))
        FROM pg_roles r WHERE r.rolname = current_user
      """;

  private static final String FUNCTIONS =
      """
      SELECT p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
       WHERE n.nspname = ?
      """;

  private static final String TRIGGERS =
      """
      SELECT t.evtname, t.evtenabled = 'A'
        FROM pg_event_trigger t
        JOIN pg_proc p ON p.oid = t.evtfoid
        JOIN pg_namespace n ON n.oid = p.pronamespace
       WHERE n.nspname = ?
      """;

  /** Columns of later versions are read through JSON, which has them or not. */
  private static final String PUBLICATION =
      """
      SELECT p.puballtables,
             p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND p.pubviaroot,
             coalesce(to_jsonb(p) ->> 'pubgencols', 'n') NOT IN ('n', 'false'),
             coalesce(starts_with(obj_description(p.oid, 'pg_publication'), ?), false)
        FROM pg_publication p WHERE p.pubname = ?
      """;

  private static final String PUBLISHED =
      """
      SELECT c.oid::bigint, n.nspname, c.relname,
             to_jsonb(r) ->> 'prqual' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL
        FROM pg_publication p
        JOIN pg_publication_rel r ON r.prpubid = p.oid
        JOIN pg_class c ON c.oid = r.prrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE p.pubname = ?
       ORDER BY n.nspname, c.relname
      """;

  private static final String PUBLISHED_SCHEMAS =
      """
      SELECT n.nspname
        FROM pg_publication p
        JOIN pg_publication_namespace s ON s.pnpubid = p.oid
        JOIN pg_namespace n ON n.oid = s.pnnspid
       WHERE p.pubname = ?
       ORDER BY n.nspname
      """;

  static SetupState read(Connection connection, SourceConfig source) throws SQLException {
    return new SetupState(
        isTrue(connection, MAY_ADD_TRIGGERS),
        new DdlTriggers.Installed(
            isTrue(
                connection,
                "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = ?)",
                SourceCatalog.OWN_SCHEMA),
            functions(connection),
            triggers(connection)),
        publication(connection, source.publication()),
        isTrue(
            connection,
            "SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ?)",
            source.slot()),
        connection.getMetaData().getDatabaseMajorVersion());
  }

  private static Map<String, String> functions(Connection connection) throws SQLException {
    Map<String, String> bodies = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(FUNCTIONS)) {
      statement.setString(1, SourceCatalog.OWN_SCHEMA);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          bodies.put(rows.getString(1), rows.getString(2));
        }
      }
    }
    return bodies;
  }

  private static Map<String, Boolean> triggers(Connection connection) throws SQLException {
    Map<String, Boolean> triggers = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(TRIGGERS)) {
      statement.setString(1, SourceCatalog.OWN_SCHEMA);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          triggers.put(rows.getString(1), rows.getBoolean(2));
        }
      }
    }
    return triggers;
  }

  private static Optional<Publication> publication(Connection connection, String name)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(PUBLICATION)) {
      statement.setString(1, DdlTriggers.GUARDED);
      statement.setString(2, name);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next()
            ? Optional.of(
                new Publication(
                    rows.getBoolean(1),
                    rows.getBoolean(2),
                    rows.getBoolean(3),
                    rows.getBoolean(4),
                    published(connection, name),
                    publishedSchemas(connection, name)))
            : Optional.empty();
      }
    }
  }

  private static List<Published> published(Connection connection, String name) throws SQLException {
    List<Published> tables = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(PUBLISHED)) {
      statement.setString(1, name);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          tables.add(
              new Published(
                  rows.getLong(1),
                  new TableId(rows.getString(2), rows.getString(3)),
                  rows.getBoolean(4)));
        }
      }
    }
    return tables;
  }

  private static List<String> publishedSchemas(Connection connection, String name)
      throws SQLException {
    List<String> schemas = new ArrayList<>();
    if (connection.getMetaData().getDatabaseMajorVersion() < VERSION_15) {
      return schemas;
    }
    try (PreparedStatement statement = connection.prepareStatement(PUBLISHED_SCHEMAS)) {
      statement.setString(1, name);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          schemas.add(rows.getString(1));
        }
      }
    }
    return schemas;
  }

  private static boolean isTrue(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() && rows.getBoolean(1);
    }
  }

  private static boolean isTrue(Connection connection, String sql, String parameter)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, parameter);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() && rows.getBoolean(1);
      }
    }
  }
}
