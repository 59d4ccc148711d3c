package dev.firn.e2e.daemon;

import dev.firn.e2e.reader.ReplicaCatalog;
import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.LocalS3;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;

/** A PostgreSQL server and an empty lake, for tests that make their own tables and configs. */
final class Source implements AutoCloseable {
  static final String DATABASE = "shop";

  private final Path folder;
  private final LocalS3 s3;
  private final EmbeddedPostgres postgres;
  private final String catalogName = catalogName();

  private Source(Path folder, LocalS3 s3, EmbeddedPostgres postgres) {
    this.folder = folder;
    this.s3 = s3;
    this.postgres = postgres;
  }

  /** Starts the servers. */
  static Source start(Path folder, int postgresMajor) throws Exception {
    LocalS3 s3 = LocalS3.start(folder.resolve("s3"), 0, "lake");
    Source source = new Source(folder, s3, EmbeddedPostgres.start(postgresMajor));
    try (Connection connection = source.postgres.connect("postgres")) {
      execute(connection, "CREATE DATABASE " + DATABASE);
    }
    return source;
  }

  EmbeddedPostgres postgres() {
    return postgres;
  }

  /** A connection as the superuser, in autocommit. */
  Connection connect() throws SQLException {
    return postgres.connect(DATABASE);
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** The one number that a query returns. */
  static long number(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** A name that no engine has seen: those that run know the catalogs of all tests before. */
  static String catalogName() {
    return "lake_" + UUID.randomUUID().toString().replace('-', '_');
  }

  /** A config for these tables, with a catalog of its own in that folder. */
  Path config(Path into, int httpPort, String... tables) throws IOException {
    Files.createDirectories(into);
    return new ConfigFile(
            "postgresql://postgres@127.0.0.1:" + postgres.port() + "/" + DATABASE,
            "postgres",
            catalog(into),
            ConfigFile.FORMAT_3,
            "1s",
            List.of(tables),
            httpPort)
        .write(into);
  }

  /** The catalog of a config in that folder. */
  ReplicaCatalog catalog(Path into) {
    return ReplicaCatalog.onSqlite(
        catalogName, into.resolve("catalog.db"), "s3://lake/" + folder.relativize(into), s3);
  }

  /** A meter without tags, from the daemon's {@code /metrics}. */
  static double meter(int httpPort, String name) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/metrics")).build();
      String page = http.send(request, HttpResponse.BodyHandlers.ofString()).body();
      return page.lines()
          .filter(line -> line.startsWith(name + " "))
          .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
          .findFirst()
          .orElseThrow(() -> new IOException("no " + name + " in " + page));
    }
  }

  @Override
  public void close() throws IOException {
    try (s3) {
      postgres.close();
    }
  }
}
