package dev.firn.cdc.postgres;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.change.TableLoader;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Frontier;
import dev.firn.change.position.TransactionSnapshot;
import dev.firn.change.row.RowBuilder;
import dev.firn.change.row.RowWriter;
import dev.firn.change.table.Column;
import dev.firn.change.table.TableSchema;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies tables by {@code COPY … (FORMAT binary)} in an ordinary REPEATABLE READ transaction,
 * opened behind the {@linkplain VisibilityBarrier barrier}.
 *
 * <p>The table is locked in ACCESS SHARE mode before the snapshot is taken. A TRUNCATE or a rewrite
 * is not versioned: a snapshot older than it sees no rows at all; the lock keeps both away until
 * the view is closed. Partitions can still be attached and detached, so the files that the table
 * consists of are compared before and after.
 */
public final class PostgresLoader implements TableLoader {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresLoader.class);
  private static final int LOCK_TIMEOUT_SECONDS = 60;
  private static final int COPY_READ_TIMEOUT_MILLIS = 900_000;

  private static final String SHAPE =
      """
      SELECT c.relkind::text,
             (SELECT string_agg(a.attnum || ' ' || a.attname || ' '
                                  || format_type(a.atttypid, a.atttypmod), E'\\n'
                                ORDER BY a.attnum)
                FROM pg_attribute a
               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                 AND a.attgenerated = '')
        FROM pg_class c
       WHERE c.oid = ? AND c.oid = to_regclass(?)
      """;

  /** By pg_inherits, which shows what the snapshot shows, as pg_partition_tree does not. */
  private static final String FILES =
      """
      WITH RECURSIVE part (oid) AS (
        SELECT ?::oid
        UNION ALL
        SELECT i.inhrelid
          FROM part
          JOIN pg_class parent ON parent.oid = part.oid AND parent.relkind = 'p'
          JOIN pg_inherits i ON i.inhparent = part.oid)
      SELECT string_agg(c.oid || ':' || c.relfilenode, ',' ORDER BY c.oid),
             CASE WHEN bool_or(c.reltuples < 0 AND c.relkind = 'r') THEN -1
                  ELSE sum(c.reltuples) FILTER (WHERE c.relkind = 'r') END::bigint
        FROM pg_class c JOIN part USING (oid)
      """;

  private final PostgresConnections connections;
  private final VisibilityBarrier barrier;
  private final long maxRowBytes;

  /** A loader of rows of any size. */
  public PostgresLoader(PostgresConnections connections, Duration barrierTimeout) {
    this(connections, barrierTimeout, Long.MAX_VALUE);
  }

  /**
   * A loader.
   *
   * @param barrierTimeout how long to wait for transactions that began before a copy; a minute is
   *     usual
   * @param maxRowBytes the largest row; a copy ends with ROW_TOO_LARGE at a larger one
   */
  public PostgresLoader(
      PostgresConnections connections, Duration barrierTimeout, long maxRowBytes) {
    this.connections = connections;
    this.maxRowBytes = maxRowBytes;
    this.barrier = new VisibilityBarrier(barrierTimeout);
  }

  @Override
  public View open(TableSchema table) throws InterruptedException {
    String doing = "opening the copy of " + table.id();
    Connection connection = connections.open("load " + table.id());
    boolean opened = false;
    try {
      barrier.await(connection, "the copy of " + table.id());
      connection.setAutoCommit(false);
      TableView view = TableView.open(connections, connection, table, maxRowBytes);
      opened = true;
      return view;
    } catch (SQLException e) {
      throw connections.failure(doing, e);
    } finally {
      if (!opened) {
        closeQuietly(connection);
      }
    }
  }

  /** What matters was thrown already, or is behind us: the server ends the transaction anyhow. */
  private static void closeQuietly(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      LOG.debug("closing a copy's connection failed; the server ends it by itself", e);
    }
  }

  private static final class TableView implements View {
    private final PostgresConnections connections;
    private final Connection connection;
    private final TableSchema table;
    private final long maxRowBytes;
    private final boolean partitioned;
    private final Frontier frontier;
    private final String files;
    private final long estimatedRows;

    private TableView(
        PostgresConnections connections,
        Connection connection,
        TableSchema table,
        long maxRowBytes,
        boolean partitioned,
        Frontier frontier,
        String files,
        long estimatedRows) {
      this.connections = connections;
      this.connection = connection;
      this.table = table;
      this.maxRowBytes = maxRowBytes;
      this.partitioned = partitioned;
      this.frontier = frontier;
      this.files = files;
      this.estimatedRows = estimatedRows;
    }

    static TableView open(
        PostgresConnections connections, Connection connection, TableSchema table, long maxRowBytes)
        throws SQLException {
      try (Statement statement = connection.createStatement()) {
        statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
        statement.execute("SET LOCAL search_path = pg_catalog");
        statement.execute("SET LOCAL lock_timeout = '" + LOCK_TIMEOUT_SECONDS + "s'");
        statement.execute("SET LOCAL statement_timeout = 0");
        statement.execute("SET LOCAL idle_in_transaction_session_timeout = 0");
        // Row security would leave rows out without a word: fail instead.
        statement.execute("SET LOCAL row_security = off");
        // Takes no snapshot: the first SELECT below does.
        statement.execute("LOCK TABLE " + SqlNames.quote(table.id()) + " IN ACCESS SHARE MODE");
      }
      String snapshot;
      try (Statement statement = connection.createStatement();
          ResultSet rows = statement.executeQuery("SELECT pg_current_snapshot()::text")) {
        rows.next();
        snapshot = rows.getString(1);
      }
      boolean partitioned = checkShape(connection, table);
      Files files = files(connection, table);
      return new TableView(
          connections,
          connection,
          table,
          maxRowBytes,
          partitioned,
          new Frontier.LoadedAt(TransactionSnapshot.parse(snapshot)),
          files.nodes(),
          files.estimatedRows());
    }

    @Override
    public Frontier frontier() {
      return frontier;
    }

    @Override
    public long estimatedRows() {
      return estimatedRows;
    }

    @Override
    public void copy(RowConsumer rows) throws InterruptedException {
      String columns =
          table.columns().stream()
              .map(column -> SqlNames.quote(column.name()))
              .collect(Collectors.joining(", "));
      // ONLY: what inherits from a table is a table of its own. Partitions are part of theirs.
      String sql =
          "COPY (SELECT "
              + columns
              + " FROM "
              + (partitioned ? "" : "ONLY ")
              + SqlNames.quote(table.id())
              + ") TO STDOUT (FORMAT binary)";
      try {
        connection.setNetworkTimeout(Runnable::run, COPY_READ_TIMEOUT_MILLIS);
        copy(connection.unwrap(PGConnection.class).getCopyAPI().copyOut(sql), rows);
        refuseOtherFiles();
      } catch (SQLException e) {
        throw connections.failure("copying " + table.id(), e);
      } catch (IOException e) {
        throw new FirnException(
            FirnException.Kind.SOURCE_UNFIT,
            "the copy of " + table.id() + " cannot be read: " + e.getMessage(),
            "start again; if it stays so, report it with the table's definition",
            e);
      }
    }

    private void copy(CopyOut copy, RowConsumer consumer)
        throws SQLException, IOException, InterruptedException {
      BinaryCopyDecoder decoder = new BinaryCopyDecoder(table);
      Rows target = new Rows(table.columns().size(), maxRowBytes, consumer);
      boolean done = false;
      try {
        for (byte[] bytes = copy.readFromCopy(); bytes != null; bytes = copy.readFromCopy()) {
          decoder.accept(bytes, 0, bytes.length, target);
        }
        decoder.finish();
        done = true;
      } finally {
        if (!done && copy.isActive()) {
          cancel(copy);
        }
      }
    }

    /** What ended the copy is the news, and not that it could not be cancelled. */
    private void cancel(CopyOut copy) {
      try {
        copy.cancelCopy();
      } catch (SQLException e) {
        LOG.info("table {}: cancelling its copy failed: {}", table.id(), e.getMessage());
      }
    }

    /** Looks from another session, because this one's snapshot shows the old state. */
    private void refuseOtherFiles() throws SQLException {
      try (Connection now = connections.open("load check " + table.id())) {
        if (!files(now, table).nodes().equals(files)) {
          throw changed(table, "was rewritten, truncated or partitioned anew while it was copied");
        }
      }
    }

    @Override
    public void close() {
      closeQuietly(connection);
    }
  }

  /** Packs each row and hands it on. */
  private static final class Rows implements BinaryCopyDecoder.Target {
    private final RowBuilder builder;
    private final int columns;
    private final RowConsumer consumer;

    Rows(int columns, long maxRowBytes, RowConsumer consumer) {
      this.builder = new RowBuilder(maxRowBytes);
      this.columns = columns;
      this.consumer = consumer;
    }

    @Override
    public RowWriter begin() {
      return builder.begin(columns);
    }

    @Override
    public void end() throws InterruptedException {
      consumer.accept(builder.build());
    }
  }

  private record Files(String nodes, long estimatedRows) {}

  private static Files files(Connection connection, TableSchema table) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(FILES)) {
      statement.setLong(1, table.sourceId());
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        String nodes = rows.getString(1);
        return new Files(nodes == null ? "" : nodes, rows.getLong(2));
      }
    }
  }

  /** Whether the table is partitioned, once it is sure that it is the one that the schema says. */
  private static boolean checkShape(Connection connection, TableSchema table) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(SHAPE)) {
      statement.setLong(1, table.sourceId());
      statement.setString(2, SqlNames.quote(table.id()));
      try (ResultSet rows = statement.executeQuery()) {
        if (!rows.next()) {
          throw changed(table, "was dropped or renamed before it could be copied");
        }
        List<Column> columns = table.columns();
        String expected =
            columns.stream()
                .map(column -> column.id() + " " + column.name() + " " + column.sourceType())
                .collect(Collectors.joining("\n"));
        if (!expected.equals(rows.getString(2))) {
          throw changed(table, "has other columns than when it was looked at");
        }
        return rows.getString(1).equals("p");
      }
    }
  }

  private static FirnException changed(TableSchema table, String how) {
    return new FirnException(
        FirnException.Kind.SCHEMA_CHANGED,
        table.id() + " " + how,
        "start again: the copy begins anew");
  }
}
