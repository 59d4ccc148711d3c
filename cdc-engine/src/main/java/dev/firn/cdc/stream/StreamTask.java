package dev.firn.cdc.stream;

import dev.firn.change.table.TableSchema;
import io.debezium.connector.common.DebeziumTaskState;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresConnectorTask;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

/**
 * Debezium's task with the two differences that exactness asks for: values arrive as the server's
 * text ({@link TextTypes}), and each transaction's end is told ({@link EndMarkingConnection}). It
 * is driven without an engine: polled, and told itself how far the source may forget.
 */
final class StreamTask extends PostgresConnectorTask {
  private final AtomicReference<ReplicationStream> stream = new AtomicReference<>();
  private final Set<String> tables;

  /** A task that streams these tables. */
  StreamTask(List<TableSchema> tables) {
    this.tables =
        tables.stream().map(table -> table.id().toString()).collect(Collectors.toUnmodifiableSet());
  }

  @Override
  protected ReplicationConnection buildReplicationConnection(
      PostgresConnection jdbcConnection, PostgresSchema schema, PostgresConnectorConfig config)
      throws SQLException {
    TextTypes types = new TextTypes(jdbcConnection);
    PostgresConnection decoding =
        new PostgresConnection(config, types, PostgresConnection.CONNECTION_GENERAL);
    return new EndMarkingConnection(
        super.buildReplicationConnection(decoding, schema, config), stream, tables::contains);
  }

  /** Whether it started; where not, it would try again by itself. */
  boolean isRunning() {
    return getTaskState() == DebeziumTaskState.RUNNING;
  }

  /**
   * Tells the server that everything up to here may be forgotten; false while it is not streaming.
   */
  boolean flush(long lsn) throws SQLException {
    ReplicationStream current = stream.get();
    if (current == null) {
      return false;
    }
    current.flushLsn(Lsn.valueOf(lsn));
    return true;
  }
}
