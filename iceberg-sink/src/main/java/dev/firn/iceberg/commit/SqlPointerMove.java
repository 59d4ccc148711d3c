package dev.firn.iceberg.commit;

import dev.firn.change.fault.Failpoint;
import dev.firn.iceberg.catalog.MultiTableGuarantee;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableMetadataParser;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.jdbc.JdbcClientPool;

/**
 * The pointers of a JDBC catalog are rows of one table, so several of them move in one SQL
 * transaction: each UPDATE names the location that was read, and where one finds no row, none
 * moves.
 */
final class SqlPointerMove implements PointerMove {
  private static final String UPDATE =
      "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?"
          + " WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?"
          + " AND metadata_location = ?";

  /** A daemon that is frozen between the two would lock all others out of its rows for ever. */
  private static final String BOUND = "SET LOCAL idle_in_transaction_session_timeout = '30s'";

  private final String catalogName;
  private final JdbcClientPool connections;

  SqlPointerMove(String catalogName, JdbcClientPool connections) {
    this.catalogName = catalogName;
    this.connections = connections;
  }

  @Override
  public StagedTable prepare(StagedTable table) {
    TableMetadata staged = table.staged();
    TableMetadataParser.Codec codec =
        TableMetadataParser.Codec.fromName(
            staged.property(
                TableProperties.METADATA_COMPRESSION,
                TableProperties.METADATA_COMPRESSION_DEFAULT));
    String location =
        table
            .table()
            .real()
            .temp(staged)
            .metadataFileLocation(
                String.format(
                    Locale.ROOT,
                    "%05d-%s%s",
                    version(table.base()) + 1,
                    UUID.randomUUID(),
                    TableMetadataParser.getFileExtension(codec)));
    table.table().noteWritten(location);
    StagedTable prepared =
        new StagedTable(
            table.table(),
            table.base(),
            staged,
            table.snapshotId(),
            table.mayHaveSpareFiles(),
            Optional.of(location));
    TableMetadataParser.overwrite(staged, table.table().real().io().newOutputFile(location));
    return prepared;
  }

  /** The running number in a metadata file's name; -1 where it has none. */
  private static int version(TableMetadata metadata) {
    String location = metadata.metadataFileLocation();
    int from = location.lastIndexOf('/') + 1;
    int to = location.indexOf('-', from);
    try {
      return to < 0 ? -1 : Integer.parseInt(location, from, to, 10);
    } catch (NumberFormatException e) {
      return -1; // written by an engine with other names
    }
  }

  @Override
  public Answer move(List<StagedTable> tables) throws InterruptedException {
    // always in the same order, so that two daemons cannot lock each other out
    List<StagedTable> ordered =
        tables.stream()
            .sorted(Comparator.comparing(table -> table.table().id().toString()))
            .toList();
    try {
      return connections.run(connection -> update(connection, ordered));
    } catch (SQLException | RuntimeException e) {
      return new Answer.Unknown(e);
    }
  }

  private Answer update(Connection connection, List<StagedTable> tables) throws SQLException {
    connection.setAutoCommit(false);
    if (connection.getMetaData().getDatabaseProductName().equals("PostgreSQL")) {
      try (Statement bound = connection.createStatement()) {
        bound.execute(BOUND);
      }
    }
    try (PreparedStatement update = connection.prepareStatement(UPDATE)) {
      for (StagedTable table : tables) {
        update.setString(1, table.metadataLocation().orElseThrow());
        update.setString(2, table.base().metadataFileLocation());
        update.setString(3, catalogName);
        update.setString(4, table.table().id().namespace().toString());
        update.setString(5, table.table().id().name());
        update.setString(6, table.base().metadataFileLocation());
        if (update.executeUpdate() != 1) {
          connection.rollback();
          connection.setAutoCommit(true);
          return new Answer.Conflict(
              "the pointer of "
                  + table.table().id()
                  + " moved from "
                  + table.base().metadataFileLocation());
        }
      }
      Failpoint.COMMIT_HALF.reached();
      connection.commit();
    }
    connection.setAutoCommit(true);
    return new Answer.Moved();
  }

  @Override
  public boolean keepsUp() {
    return true;
  }

  @Override
  public MultiTableGuarantee guarantee() {
    return MultiTableGuarantee.AT_ONCE;
  }
}
