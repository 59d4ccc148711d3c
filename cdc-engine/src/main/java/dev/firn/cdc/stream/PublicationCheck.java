package dev.firn.cdc.stream;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.change.fault.FirnException;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.SourceConfig;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Refuses a publication that would leave changes of a table out without a word. */
final class PublicationCheck {
  private final SourceConfig source;
  private final PostgresConnections connections;

  PublicationCheck(SourceConfig source, PostgresConnections connections) {
    this.source = source;
    this.connections = connections;
  }

  /**
   * Checks that the publication exists, sends every kind of change, and has every table.
   *
   * @throws FirnException SOURCE_UNFIT
   */
  void verify(List<TableSchema> tables) {
    try (Connection connection = connections.open("publication check")) {
      try (PreparedStatement statement =
          connection.prepareStatement(
              "SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate"
                  + " FROM pg_catalog.pg_publication WHERE pubname = ?")) {
        statement.setString(1, source.publication());
        try (ResultSet row = statement.executeQuery()) {
          if (!row.next()) {
            throw unfit("is missing");
          }
          if (!row.getBoolean(1)) {
            throw unfit("does not publish every kind of change");
          }
        }
      }
      Set<TableId> missing =
          tables.stream().map(TableSchema::id).collect(Collectors.toCollection(HashSet::new));
      try (PreparedStatement statement =
          connection.prepareStatement(
              "SELECT schemaname, tablename FROM pg_catalog.pg_publication_tables"
                  + " WHERE pubname = ?")) {
        statement.setString(1, source.publication());
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            missing.remove(new TableId(rows.getString(1), rows.getString(2)));
          }
        }
      }
      Set<TableId> cut = cut(connection);
      cut.retainAll(tables.stream().map(TableSchema::id).collect(Collectors.toSet()));
      if (!cut.isEmpty()) {
        throw unfit("leaves rows or columns out of " + names(cut));
      }
      if (!missing.isEmpty()) {
        throw unfit("does not have " + names(missing));
      }
    } catch (SQLException e) {
      throw connections.failure("reading the publication " + source.publication(), e);
    }
  }

  /**
   * The tables published in part, which versions from 15 can; read through JSON, as others lack it.
   */
  private Set<TableId> cut(Connection connection) throws SQLException {
    Set<TableId> cut = new HashSet<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT n.nspname, c.relname FROM pg_catalog.pg_publication p"
                + " JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid"
                + " JOIN pg_catalog.pg_class c ON c.oid = r.prrelid"
                + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                + " WHERE p.pubname = ? AND (to_jsonb(r) ->> 'prqual' IS NOT NULL"
                + " OR to_jsonb(r) ->> 'prattrs' IS NOT NULL)")) {
      statement.setString(1, source.publication());
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          cut.add(new TableId(rows.getString(1), rows.getString(2)));
        }
      }
    }
    return cut;
  }

  private static String names(Set<TableId> tables) {
    return tables.stream().sorted().map(TableId::toString).collect(Collectors.joining(", "));
  }

  private FirnException unfit(String what) {
    return new FirnException(
        FirnException.Kind.SOURCE_UNFIT,
        "the publication " + source.publication() + " on " + source.address() + " " + what,
        "run firn setup, which completes it; of a table that was out of it, drop the Iceberg"
            + " table before the start, so that it is loaded anew");
  }
}
