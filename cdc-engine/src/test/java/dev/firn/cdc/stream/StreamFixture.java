package dev.firn.cdc.stream;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.slot.Slots;
import dev.firn.change.ChangeSink;
import dev.firn.change.PipelineEvent;
import dev.firn.change.SourceReader.Start;
import dev.firn.change.fault.Backoff;
import dev.firn.change.position.Position;
import dev.firn.change.position.PostgresPosition;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Simple;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.ReplicateConfig;
import dev.firn.config.Secret;
import dev.firn.config.SourceConfig;
import dev.firn.testing.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;

/** A database of its own on a shared server, with publication and slot, and streams from it. */
final class StreamFixture implements AutoCloseable {
  private static final Duration HEARTBEAT = Duration.ofMillis(300);

  final EmbeddedPostgres server;
  final SourceConfig config;
  final PostgresConnections connections;
  final Connection sql;
  final List<PipelineEvent> events = new CopyOnWriteArrayList<>();
  Duration heartbeat = HEARTBEAT;
  long maxRowBytes = ReplicateConfig.DEFAULT_MAX_ROW_BYTES;

  StreamFixture(EmbeddedPostgres server, String name) throws SQLException {
    this(server, name, server.host(), Map.of());
  }

  /** One to which the streams connect by another name, or with parameters. */
  StreamFixture(EmbeddedPostgres server, String name, String host, Map<String, String> parameters)
      throws SQLException {
    this.server = server;
    try (Connection admin = server.connect("postgres");
        Statement statement = admin.createStatement()) {
      statement.execute("CREATE DATABASE " + name);
    }
    config =
        new SourceConfig(
            host,
            server.port(),
            name,
            "postgres",
            Secret.of("postgres"),
            parameters,
            "slot_" + name,
            "pub_" + name);
    connections = new PostgresConnections(config);
    sql = server.connect(name);
  }

  void execute(String... statements) throws SQLException {
    execute(sql, statements);
  }

  static void execute(Connection connection, String... statements) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String text : statements) {
        statement.execute(text);
      }
    }
  }

  String ask(String query) throws SQLException {
    return ask(sql, query);
  }

  static String ask(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      return row.next() ? row.getString(1) : null;
    }
  }

  /** Runs the statements as one transaction. */
  void transaction(String... statements) throws SQLException {
    sql.setAutoCommit(false);
    try {
      execute(statements);
      sql.commit();
    } finally {
      sql.setAutoCommit(true);
    }
  }

  /** Publishes the tables and makes the slot. */
  Position publish(String... tables) throws SQLException {
    execute(
        "CREATE PUBLICATION "
            + config.publication()
            + " FOR TABLE "
            + String.join(", ", tables)
            + " WITH (publish_via_partition_root)");
    return new Slots(config, connections).createIfMissing();
  }

  /** A table of schema public as the catalog has it. */
  TableSchema table(String name) throws SQLException {
    List<Column> columns = new ArrayList<>();
    Map<Integer, Integer> indexOf = new HashMap<>();
    try (PreparedStatement statement =
        sql.prepareStatement(
            "SELECT attnum, attname, format_type(atttypid, atttypmod), attnotnull,"
                + " (SELECT typtype FROM pg_type t WHERE t.oid = atttypid)"
                + " FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0"
                + " AND NOT attisdropped ORDER BY attnum")) {
      statement.setString(1, '"' + name + '"');
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          indexOf.put(rows.getInt(1), columns.size());
          String type = rows.getString(3);
          columns.add(
              new Column(
                  rows.getInt(1),
                  rows.getString(2),
                  rows.getString(5).equals("e") ? Simple.TEXT : type(type),
                  !rows.getBoolean(4),
                  type));
        }
      }
    }
    List<Integer> key = new ArrayList<>();
    long oid;
    try (PreparedStatement statement =
        sql.prepareStatement(
            "SELECT ?::regclass::oid, unnest(indkey) FROM pg_index"
                + " WHERE indrelid = ?::regclass AND (indisprimary OR indisreplident)")) {
      statement.setString(1, '"' + name + '"');
      statement.setString(2, '"' + name + '"');
      try (ResultSet rows = statement.executeQuery()) {
        oid = 0;
        while (rows.next()) {
          oid = rows.getLong(1);
          key.add(indexOf.get(rows.getInt(2)));
        }
      }
    }
    return new TableSchema(new TableId("public", name), oid, membership(oid), columns, key);
  }

  private long membership(long oid) throws SQLException {
    String row =
        ask(
            "SELECT r.oid FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid"
                + " WHERE p.pubname = '"
                + config.publication()
                + "' AND r.prrelid = "
                + oid);
    return row == null ? 0 : Long.parseLong(row);
  }

  static ColumnType type(String text) {
    if (text.endsWith("[]")) {
      return new ColumnType.Array(type(text.substring(0, text.length() - 2)));
    }
    if (text.startsWith("numeric(")) {
      String[] parts = text.substring(8, text.length() - 1).split(",", -1);
      return new ColumnType.Decimal(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
    }
    String base = text.replaceAll("\\(\\d+\\)", "");
    return switch (base) {
      case "boolean" -> Simple.BOOL;
      case "smallint", "integer" -> Simple.INT32;
      case "bigint" -> Simple.INT64;
      case "real" -> Simple.FLOAT32;
      case "double precision" -> Simple.FLOAT64;
      case "date" -> Simple.DATE;
      case "time without time zone" -> Simple.TIME;
      case "timestamp without time zone" -> Simple.TIMESTAMP;
      case "timestamp with time zone" -> Simple.TIMESTAMP_TZ;
      case "json", "jsonb" -> Simple.JSON;
      case "bytea" -> Simple.BINARY;
      case "uuid" -> Simple.UUID;
      default -> Simple.TEXT;
    };
  }

  /** A stream on a thread of its own. */
  Running run(ChangeSink sink, Position recorded, Position furthest, TableSchema... tables) {
    return new Running(sink, new Start(List.of(tables), recorded, furthest));
  }

  Running run(ChangeSink sink, Position recorded, TableSchema... tables) {
    return run(sink, recorded, recorded, tables);
  }

  /** Moves the slot, once no stream holds it any more, to the end of the log. */
  Position advance() throws SQLException, InterruptedException {
    String active =
        "SELECT active FROM pg_replication_slots WHERE slot_name = '" + config.slot() + "'";
    for (int i = 0; i < 600 && !"f".equals(ask(active)); i++) {
      Backoff.pause(Duration.ofMillis(50));
    }
    return PostgresPosition.at(
        PostgresPosition.parseLsn(
            ask(
                "SELECT end_lsn FROM pg_replication_slot_advance('"
                    + config.slot()
                    + "', pg_current_wal_lsn())")),
        0);
  }

  long confirmedLsn() throws SQLException {
    return PostgresPosition.parseLsn(
        ask(
            "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '"
                + config.slot()
                + "'"));
  }

  /** Drops the slot and the database, which fails where a stream left a connection open. */
  @Override
  public void close() throws SQLException, InterruptedException {
    sql.close();
    try (Connection admin = server.connect("postgres");
        Statement statement = admin.createStatement()) {
      for (int i = 0; i < 600; i++) {
        try (ResultSet active =
            statement.executeQuery(
                "SELECT count(*) FROM pg_replication_slots WHERE active AND database = '"
                    + config.database()
                    + "'")) {
          if (active.next() && active.getInt(1) == 0) {
            break;
          }
        }
        Backoff.pause(Duration.ofMillis(50));
      }
      execute(
          admin,
          "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
              + " WHERE database = '"
              + config.database()
              + "'",
          "DROP DATABASE " + config.database());
    }
  }

  final class Running implements AutoCloseable {
    final PostgresStream stream;
    final Thread thread;
    final AtomicReference<Throwable> failure = new AtomicReference<>();

    Running(ChangeSink sink, Start start) {
      stream = new PostgresStream(config, maxRowBytes, connections, events::add, heartbeat);
      thread =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  stream.run(start, sink);
                } catch (Throwable e) {
                  failure.set(e);
                }
              });
    }

    /** Waits until the stream ends by itself and returns what it threw. */
    Throwable awaitFailure() throws InterruptedException {
      if (!thread.join(Duration.ofSeconds(60))) {
        throw new AssertionError("still running");
      }
      return failure.get();
    }

    @Override
    public void close() throws InterruptedException {
      stream.close();
      if (!thread.join(Duration.ofSeconds(60))) {
        throw new AssertionError("still running");
      }
    }

    /** Stops and fails where the stream had failed. */
    void stop() throws InterruptedException {
      close();
      if (failure.get() != null) {
        throw new AssertionError(failure.get());
      }
    }
  }
}
