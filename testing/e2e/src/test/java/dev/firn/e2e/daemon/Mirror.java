package dev.firn.e2e.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
import dev.firn.e2e.reader.EngineReader;
import dev.firn.e2e.reader.Engines;
import dev.firn.e2e.reader.ReplicaCatalog;
import dev.firn.e2e.reader.ReplicaComparison;
import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.LocalS3;
import dev.firn.testing.NessieServer;
import dev.firn.testing.TcpProxy;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A source with tables, an empty lake, and Firn set up between them. */
public final class Mirror implements AutoCloseable {
  public static final String DATABASE = "bench";

  private static final String ROLE = "mirrorer";

  private static final Duration CATCH_UP_LIMIT = Duration.ofMinutes(5);
  private static final Duration POLL = Duration.ofMillis(200);

  private final Path folder;
  private final LocalS3 s3;
  private final EmbeddedPostgres postgres;
  private final Optional<NessieServer> nessie;
  private final Network network;
  private final ReplicaCatalog catalog;
  private final Path config;
  private final int httpPort;
  private final Tables tables;

  private Mirror(
      Path folder,
      LocalS3 s3,
      EmbeddedPostgres postgres,
      Optional<NessieServer> nessie,
      Network network,
      ReplicaCatalog catalog,
      Path config,
      int httpPort,
      Tables tables) {
    this.folder = folder;
    this.s3 = s3;
    this.postgres = postgres;
    this.nessie = nessie;
    this.network = network;
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

  /**
   * The ways from Firn to the servers; the one to the store is that of the engines too.
   *
   * @param catalog the way to a catalog in PostgreSQL or to Nessie
   */
  public record Network(TcpProxy source, TcpProxy catalog, TcpProxy store)
      implements AutoCloseable {
    /** How often they did to connections what networks do. */
    public long disturbances() {
      return source.disturbances() + catalog.disturbances() + store.disturbances();
    }

    private URI storeEndpoint() {
      return endpoint(store);
    }

    private static URI endpoint(TcpProxy proxy) {
      return URI.create("http://127.0.0.1:" + proxy.port());
    }

    @Override
    public void close() throws IOException {
      try (source;
          catalog) {
        store.close();
      }
    }
  }

  /** Makes and fills tables. */
  public interface Fill {
    void into(Connection connection) throws SQLException;
  }

  /** Where a catalog is. */
  public enum CatalogKind {
    SQLITE,
    /** In a database beside the source. */
    POSTGRES,
    /** There too; it moves one table's pointer after another's. */
    POSTGRES_ONE_BY_ONE,
    /** A Nessie server of its own, on its branch {@code main}. */
    NESSIE
  }

  /**
   * How it is mirrored.
   *
   * @param readers choose the format
   * @param every the time between checkpoints, in the config's words
   * @param catalog where the catalog is
   */
  public record Setting(
      int postgresMajor, List<String> readers, Tables tables, String every, CatalogKind catalog) {}

  /** Starts the servers, fills the tables and runs {@code firn setup}. */
  static Mirror start(Path folder, int postgresMajor, List<String> readers, Tables tables)
      throws Exception {
    return start(folder, new Setting(postgresMajor, readers, tables, "2s", CatalogKind.SQLITE));
  }

  /** As {@link #start(Path, int, List, Tables)}. */
  public static Mirror start(Path folder, Setting setting) throws Exception {
    LocalS3 s3 = LocalS3.start(Files.createDirectories(folder).resolve("s3"), 0, "lake");
    EmbeddedPostgres postgres = EmbeddedPostgres.start(setting.postgresMajor());
    String name = Source.catalogName();
    String warehouse = "s3://lake/bench";
    TcpProxy store = TcpProxy.before(s3.endpoint().getPort());
    Optional<NessieServer> nessie =
        setting.catalog() == CatalogKind.NESSIE
            ? Optional.of(
                NessieServer.start(
                    folder.resolve("nessie.log"), Network.endpoint(store), warehouse))
            : Optional.empty();
    int catalogPort = nessie.map(server -> server.uri().getPort()).orElse(postgres.port());
    Network network =
        new Network(TcpProxy.before(postgres.port()), TcpProxy.before(catalogPort), store);
    ReplicaCatalog catalog =
        switch (setting.catalog()) {
          case SQLITE -> ReplicaCatalog.onSqlite(name, folder.resolve("catalog.db"), warehouse, s3);
          case POSTGRES -> inPostgres(ReplicaCatalog.JDBC, name, warehouse, network);
          case POSTGRES_ONE_BY_ONE ->
              inPostgres(OneByOneCatalog.class.getName(), name, warehouse, network);
          case NESSIE -> onNessie(name, warehouse, network);
        };
    int httpPort = Source.freePort();
    Path config =
        new ConfigFile(
                "postgresql://" + ROLE + "@127.0.0.1:" + network.source().port() + "/" + DATABASE,
                "${file:password}",
                catalog,
                setting.readers(),
                setting.every(),
                setting.tables().entries(),
                httpPort)
            .write(folder);
    Mirror mirror =
        new Mirror(
            folder, s3, postgres, nessie, network, catalog, config, httpPort, setting.tables());
    try {
      mirror.setUp();
    } catch (Exception | AssertionError e) {
      try (mirror) {
        throw e;
      }
    }
    return mirror;
  }

  private static ReplicaCatalog onNessie(String name, String warehouse, Network network) {
    return new ReplicaCatalog(
        ReplicaCatalog.REST,
        name,
        Network.endpoint(network.catalog()) + "/iceberg/main",
        "",
        "",
        warehouse,
        network.storeEndpoint(),
        LocalS3.ACCESS_KEY,
        LocalS3.SECRET_KEY);
  }

  private static ReplicaCatalog inPostgres(
      String type, String name, String warehouse, Network network) {
    return new ReplicaCatalog(
        type,
        name,
        "jdbc:postgresql://127.0.0.1:" + network.catalog().port() + "/catalog",
        "postgres",
        "postgres",
        warehouse,
        network.storeEndpoint(),
        LocalS3.ACCESS_KEY,
        LocalS3.SECRET_KEY);
  }

  private void setUp() throws Exception {
    postgres.makeRoleWithPassword(ROLE, "first");
    writePassword("first");
    try (Connection connection = postgres.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + DATABASE);
      statement.execute("CREATE DATABASE catalog");
      statement.execute("ALTER ROLE " + ROLE + " SUPERUSER");
    }
    try (Connection connection = postgres.connect(DATABASE)) {
      tables.fill().into(connection);
    }
    try (FirnProcess setup =
        FirnProcess.start(folder.resolve("logs"), "setup", "-c", config.toString())) {
      assertThat(setup.awaitExit()).as(setup.log()).isZero();
    }
  }

  public EmbeddedPostgres postgres() {
    return postgres;
  }

  /** The catalog's server, where it is Nessie. */
  public NessieServer nessie() {
    return nessie.orElseThrow();
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

  /** The ways to the servers. */
  public Network network() {
    return network;
  }

  /** Gives the source's user another password, of which the config does not know yet. */
  public void changePassword(String password) throws SQLException {
    try (Connection connection = postgres.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("ALTER ROLE " + ROLE + " PASSWORD " + statement.enquoteLiteral(password));
    }
  }

  /** Writes the password where the config says. */
  public void writePassword(String password) throws IOException {
    Path anew = Files.writeString(folder.resolve("password.new"), password + "\n");
    Files.move(anew, folder.resolve("password"), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Starts {@code firn run}. */
  FirnProcess run() throws IOException {
    return run(FirnProcess.Surroundings.ORDINARY);
  }

  /** Starts another {@code firn run} beside one that runs. */
  public FirnProcess runAnother() throws IOException, InterruptedException {
    return runAnother(tables.entries(), FirnProcess.Surroundings.ORDINARY);
  }

  /**
   * Starts another {@code firn run} beside one that runs, for other tables of the replica, which
   * {@code firn setup} sees to first.
   *
   * @param entries what its config has under {@code tables}
   */
  public FirnProcess runAnother(List<String> entries, FirnProcess.Surroundings surroundings)
      throws IOException, InterruptedException {
    int port = Source.freePort();
    Path another = folder.resolve("another-" + port + ".yaml");
    String text = Files.readString(config).replace("port: " + httpPort, "port: " + port);
    Files.writeString(
        another, text.replace(ConfigFile.matches(tables.entries()), ConfigFile.matches(entries)));
    if (!entries.equals(tables.entries())) {
      try (FirnProcess setup =
          FirnProcess.start(folder.resolve("logs"), "setup", "-c", another.toString())) {
        assertThat(setup.awaitExit()).as(setup.log()).isZero();
      }
    }
    return FirnProcess.start(folder.resolve("logs"), surroundings, "run", "-c", another.toString());
  }

  /** Runs another command of Firn's to its end. */
  public FirnProcess command(String name) throws IOException, InterruptedException {
    FirnProcess command = FirnProcess.start(folder.resolve("logs"), name, "-c", config.toString());
    command.awaitExit();
    return command;
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
        network) {
      if (nessie.isPresent()) {
        nessie.get().close();
      }
      postgres.close();
    }
  }
}
