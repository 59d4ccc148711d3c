package dev.firn.iceberg.commit;

import dev.firn.iceberg.catalog.ReplicaCatalog;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.jdbc.JdbcClientPool;

/**
 * Tells which tables others have moved. A JDBC catalog is asked for all pointers of a namespace at
 * once; any other for each table, some beside each other.
 */
final class MovedTables {
  private static final String POINTERS =
      "SELECT table_name, metadata_location FROM iceberg_tables"
          + " WHERE catalog_name = ? AND table_namespace = ?";

  private static final int MOST_AT_ONCE = 8;

  private final ReplicaCatalog catalog;

  MovedTables(ReplicaCatalog catalog) {
    this.catalog = catalog;
  }

  /** Those that are not where they were, or are gone, or were not followed to the end. */
  List<KnownTable> among(Collection<KnownTable> tables) throws InterruptedException, SQLException {
    return switch (catalog.access()) {
      case ReplicaCatalog.Access.Sql sql -> byPointers(sql.connections(), tables);
      case ReplicaCatalog.Access.Rest _, ReplicaCatalog.Access.Plain _ -> byLoading(tables);
    };
  }

  private List<KnownTable> byPointers(JdbcClientPool connections, Collection<KnownTable> tables)
      throws InterruptedException, SQLException {
    Map<TableIdentifier, String> pointers =
        connections.run(connection -> {
          Map<TableIdentifier, String> read = new HashMap<>();
          for (Namespace namespace :
              tables.stream().map(table -> table.id().namespace()).collect(Collectors.toSet())) {
            read.putAll(pointers(connection, namespace));
          }
          return read;
        });
    return tables.stream()
        .filter(table ->
            table.isToBeFollowed()
                || !Objects.equals(
                    pointers.get(table.id()), table.metadata().metadataFileLocation()))
        .toList();
  }

  private Map<TableIdentifier, String> pointers(Connection connection, Namespace namespace)
      throws SQLException {
    Map<TableIdentifier, String> pointers = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(POINTERS)) {
      statement.setString(1, catalog.name());
      statement.setString(2, namespace.toString());
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          pointers.put(TableIdentifier.of(namespace, rows.getString(1)), rows.getString(2));
        }
      }
    }
    return pointers;
  }

  private List<KnownTable> byLoading(Collection<KnownTable> tables) throws InterruptedException {
    List<Future<List<KnownTable>>> looks;
    try (ExecutorService threads =
        Executors.newFixedThreadPool(
            MOST_AT_ONCE, Thread.ofVirtual().name("firn-look-", 0).factory())) {
      looks =
          threads.invokeAll(
              tables.stream()
                  .<Callable<List<KnownTable>>>map(
                      table -> () -> hasMoved(table) ? List.of(table) : List.of())
                  .toList());
    }
    List<KnownTable> moved = new ArrayList<>();
    for (Future<List<KnownTable>> look : looks) {
      try {
        moved.addAll(look.get());
      } catch (ExecutionException e) {
        switch (e.getCause()) {
          case RuntimeException failure -> throw failure;
          case Error failure -> throw failure;
          case null, default -> throw new IllegalStateException("looking at a table failed", e);
        }
      }
    }
    return moved;
  }

  /** By UUID and snapshot: where a server writes metadata, it does not tell where. */
  private boolean hasMoved(KnownTable table) {
    return table.isToBeFollowed()
        || catalog.operations(table.id()).filter(now -> table.isSameAs(now.current())).isEmpty();
  }
}
