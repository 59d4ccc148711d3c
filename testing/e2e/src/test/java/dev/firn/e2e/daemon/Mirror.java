package dev.firn.e2e.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
import dev.firn.e2e.reader.EngineReader;
import dev.firn.e2e.reader.Engines;
import dev.firn.e2e.reader.ReplicaCatalog;
import dev.firn.e2e.reader.ReplicaComparison;
import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.LocalS3;
import dev.firn.testing.TcpProxy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A source with tables, an empty lake, and Firn set up between them. */
public final class Mirror implements AutoCloseable {
  static final String DATABASE = "bench";

  private static final Duration CATCH_UP_LIMIT = Duration.ofMinutes(5);
  private static final Duration POLL = Duration.ofMillis(200);

  private final Path folder;
  private final LocalS3 s3;
  private final EmbeddedPostgres postgres;
  private final TcpProxy catalogProxy;
  private final ReplicaCatalog catalog;
  private final Path config;
  private final int httpPort;
  private final Tables tables;

  private Mirror(
      Path folder,
      LocalS3 s3,
      EmbeddedPostgres postgres,
      TcpProxy catalogProxy,
      ReplicaCatalog catalog,
      Path config,
      int httpPort,
      Tables tables) {
    this.folder = folder;
    this.s3 = s3;
    this.postgres = postgres;
    this.catalogProxy = catalogProxy;
    this.catalog = catalog;
    this.config = config;
    this.httpPort = httpPort;
    this.tables = tables;
  }

  /**
   * What is mirrored.
   *
   * @param schema the schema of all of them
   * @param names the tables to compare, each with a primary key
   * @param entries what the config has under {@code tables}
   * @param fill makes and fills them
   * @param touch a statement that changes a row of one of them
   */
  public record Tables(
      String schema, List<String> names, List<String> entries, Fill fill, String touch) {
    public Tables {
      names = List.copyOf(names);
      entries = List.copyOf(entries);
    }

    /** pgbench's, of which the history has no key. */
    static Tables pgbench(int scale) {
      return new Tables(
          "public",
          Pgbench.KEYED_TABLES,
          List.of("public.pgbench_*"),
          connection -> Pgbench.initialize(connection, scale),
          "UPDATE pgbench_branches SET bbalance = bbalance");
    }
  }

  /** Makes and fills tables. */
  public interface Fill {
    void into(Connection connection) throws SQLException;
  }

  /**
   * How it is mirrored.
   *
   * @param readers choose the format
   * @param every the time between checkpoints, in the config's words
   * @param catalogInPostgres whether the catalog is a database beside the source, reached through
   *     {@link #catalogProxy}, and not a file
   */
  public record Setting(
      int postgresMajor,
      List<String> readers,
      Tables tables,
      String every,
      boolean catalogInPostgres) {}

  /** Starts the servers, fills the tables and runs {@code firn setup}. */
  static Mirror start(Path folder, int postgresMajor, List<String> readers, Tables tables)
      throws Exception {
    return start(folder, new Setting(postgresMajor, readers, tables, "2s", false));
  }

  /** As {@link #start(Path, int, List, Tables)}. */
  public static Mirror start(Path folder, Setting setting) throws Exception {
    LocalS3 s3 = LocalS3.start(Files.createDirectories(folder).resolve("s3"), 0, "lake");
    EmbeddedPostgres postgres = EmbeddedPostgres.start(setting.postgresMajor());
    TcpProxy proxy = TcpProxy.before(postgres.port());
    String name = Source.catalogName();
    String warehouse = "s3://lake/bench";
    ReplicaCatalog catalog =
        setting.catalogInPostgres()
            ? new ReplicaCatalog(
                name,
                "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/catalog",
                "postgres",
                "postgres",
                warehouse,
                s3.endpoint(),
                LocalS3.ACCESS_KEY,
                LocalS3.SECRET_KEY)
            : ReplicaCatalog.onSqlite(name, folder.resolve("catalog.db"), warehouse, s3);
    int httpPort = Source.freePort();
    Path config =
        new ConfigFile(
                "postgresql://postgres@127.0.0.1:" + postgres.port() + "/" + DATABASE,
                "postgres",
                catalog,
                setting.readers(),
                setting.every(),
                setting.tables().entries(),
                httpPort)
            .write(folder);
    Mirror mirror =
        new Mirror(folder, s3, postgres, proxy, catalog, config, httpPort, setting.tables());
    try {
      mirror.setUp();
    } catch (Exception | AssertionError e) {
      try (mirror) {
        throw e;
      }
    }
    return mirror;
  }

  private void setUp() throws Exception {
    try (Connection connection = postgres.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + DATABASE);
      statement.execute("CREATE DATABASE catalog");
    }
    try (Connection connection = postgres.connect(DATABASE)) {
      tables.fill().into(connection);
    }
    assertThat(FirnProcess.run(folder.resolve("logs"), "setup", "-c", config.toString())).isZero();
  }

  public EmbeddedPostgres postgres() {
    return postgres;
  }

  public ReplicaCatalog catalog() {
    return catalog;
  }

  public int httpPort() {
    return httpPort;
  }

  public Tables tables() {
    return tables;
  }

  /** The way to a catalog in PostgreSQL. */
  public TcpProxy catalogProxy() {
    return catalogProxy;
  }

  /** Starts {@code firn run}. */
  FirnProcess run() throws IOException {
    return run(FirnProcess.Surroundings.ORDINARY);
  }

  /** Starts {@code firn run} in other surroundings. */
  public FirnProcess run(FirnProcess.Surroundings surroundings) throws IOException {
    return FirnProcess.start(folder.resolve("logs"), surroundings, "run", "-c", config.toString());
  }

  /** The place up to which the slot has been told that all is durable; 0 before the first. */
  long acknowledgedLsn() throws SQLException {
    try (Connection connection = postgres.connect(DATABASE)) {
      return lsn(
          connection,
          """
          SELECT coalesce(max(confirmed_flush_lsn), '0/0') - '0/0'::pg_lsn
          FROM pg_replication_slots WHERE slot_name = 'firn'\
          """);
    }
  }

  /** Waits until the slot has moved past a place. */
  void awaitAcknowledged(FirnProcess firn, long lsn)
      throws IOException, InterruptedException, SQLException {
    long end = System.nanoTime() + CATCH_UP_LIMIT.toNanos();
    while (acknowledgedLsn() <= lsn) {
      firn.requireAlive();
      if (System.nanoTime() > end) {
        throw new IOException(
            "the slot is at "
                + acknowledgedLsn()
                + " and not past "
                + lsn
                + " after "
                + CATCH_UP_LIMIT
                + "; the log:\n"
                + firn.log());
      }
      Backoff.pause(POLL);
    }
  }

  /** Waits until all that is committed at the source is durable in the replica. */
  public void awaitCaughtUp(FirnProcess firn)
      throws IOException, InterruptedException, SQLException {
    long now;
    try (Connection connection = postgres.connect(DATABASE);
        PreparedStatement touch = connection.prepareStatement(tables.touch())) {
      now = lsn(connection, "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn");
      // The slot moves past what was there only with a later transaction.
      touch.executeUpdate();
    }
    awaitAcknowledged(firn, now);
  }

  private static long lsn(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getBigDecimal(1).longValueExact();
    }
  }

  /** Compares every table, as each engine reads it, with the source. */
  void assertEqualBy(Engines engines) throws Exception {
    assertThat(differencesBy(engines)).isEmpty();
  }

  /** In what tables differ, as each engine reads them, from the source. */
  public List<String> differencesBy(Engines engines) throws Exception {
    List<String> all = new ArrayList<>();
    try (Connection source = postgres.connect(DATABASE)) {
      for (EngineReader engine : engines.all()) {
        engine.open(catalog);
        for (String table : tables.names()) {
          ReplicaComparison comparison =
              ReplicaComparison.compare(source, tables.schema(), table, engine, catalog);
          comparison.differences().stream()
              .map(difference -> table + " by " + engine.name() + ": " + difference)
              .forEach(all::add);
          if (comparison.rows() == 0) {
            all.add(table + " by " + engine.name() + " has no rows, which shows nothing");
          }
        }
      }
    }
    return all;
  }

  @Override
  public void close() throws IOException {
    try (s3;
        catalogProxy) {
      postgres.close();
    }
  }
}
