package dev.firn.cdc.stream;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.change.SourceReader.OutdatedStartException;
import dev.firn.change.fault.FirnException;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.SourceConfig;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Refuses a publication that would leave changes of a table out without a word. */
final class PublicationCheck {
  /** Cut, where rows or columns are left out, is read through JSON: only versions from 15 can. */
  private static final String PUBLISHED =
      """
      SELECT r.prrelid::bigint, r.oid::bigint,
             to_jsonb(r) ->> 'prqual' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL
        FROM pg_catalog.pg_publication p
        JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
       WHERE p.pubname = ?
      """;

  private final SourceConfig source;
  private final PostgresConnections connections;
  private final List<TableSchema> tables;

  /** A check for tables, each of which must be in the publication as it was when it was read. */
  PublicationCheck(SourceConfig source, PostgresConnections connections, List<TableSchema> tables) {
    this.source = source;
    this.connections = connections;
    this.tables = tables;
  }

  private record Published(long membership, boolean cut) {}

  /**
   * Checks that the publication exists, sends every kind of change, and has every table, without a
   * break since the table was read.
   *
   * @throws FirnException SOURCE_UNFIT
   * @throws OutdatedStartException where a table was out of it and is back
   */
  void verify() {
    try (Connection connection = connections.open("publication check")) {
      verify(connection);
    } catch (SQLException e) {
      throw connections.failure("reading the publication " + source.publication(), e);
    }
  }

  /** The same, on a connection. */
  void verify(Connection connection) throws SQLException {
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
    Map<Long, Published> published = published(connection);
    refuse(published, "leaves rows or columns out of ", (_, now) -> now != null && now.cut());
    refuse(published, "does not have ", (_, now) -> now == null);
    Set<TableId> back =
        those(published, (table, now) -> now != null && now.membership() != table.membership());
    if (!back.isEmpty()) {
      throw new OutdatedStartException(
          "the publication "
              + source.publication()
              + " on "
              + source.address()
              + " did not have "
              + names(back)
              + " for a while, and what changed there meanwhile was not sent");
    }
  }

  private void refuse(
      Map<Long, Published> published,
      String what,
      BiPredicate<TableSchema, @Nullable Published> wrong) {
    Set<TableId> refused = those(published, wrong);
    if (!refused.isEmpty()) {
      throw unfit(what + names(refused));
    }
  }

  private Set<TableId> those(
      Map<Long, Published> published, BiPredicate<TableSchema, @Nullable Published> wrong) {
    return tables.stream()
        .filter(table -> wrong.test(table, published.get(table.sourceId())))
        .map(TableSchema::id)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private Map<Long, Published> published(Connection connection) throws SQLException {
    Map<Long, Published> published = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(PUBLISHED)) {
      statement.setString(1, source.publication());
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          published.put(rows.getLong(1), new Published(rows.getLong(2), rows.getBoolean(3)));
        }
      }
    }
    return published;
  }

  private static String names(Set<TableId> tables) {
    return tables.stream().map(TableId::toString).collect(Collectors.joining(", "));
  }

  private FirnException unfit(String what) {
    return new FirnException(
        FirnException.Kind.SOURCE_UNFIT,
        "the publication " + source.publication() + " on " + source.address() + " " + what,
        "run firn setup, which completes it, and start: a table that was out of it is then loaded"
            + " again");
  }
}
