package dev.firn.testing;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A real PostgreSQL server as a child process, ready for logical decoding, with durable commits. It
 * listens on loopback; the superuser is {@code postgres}, with any password. It stops with {@link
 * #close()}, or when this JVM ends, however it ends.
 */
public final class EmbeddedPostgres implements PostgresServer {
  /** The major version that {@link #start()} runs. */
  public static final int NEWEST = 18;

  /** The oldest major version that Firn supports. */
  public static final int OLDEST = 14;

  private static final Duration STARTUP_LIMIT = Duration.ofSeconds(60);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(20);

  private final io.zonky.test.db.postgres.embedded.EmbeddedPostgres server;
  private final ProcessHandle postmaster;
  private final ServerGuard guard;

  private EmbeddedPostgres(
      io.zonky.test.db.postgres.embedded.EmbeddedPostgres server,
      ProcessHandle postmaster,
      ServerGuard guard) {
    this.server = server;
    this.postmaster = postmaster;
    this.guard = guard;
  }

  /** Starts the newest version on a free port, with its data in a temporary folder. */
  public static EmbeddedPostgres start() throws IOException {
    return start(NEWEST);
  }

  /**
   * Starts a server on a free port, with its data in a temporary folder.
   *
   * @param majorVersion 14 or 18; 14 needs {@code firn-testing-postgres-14} on the class path
   */
  public static EmbeddedPostgres start(int majorVersion) throws IOException {
    // Beside the unpacked binaries: folders there that a killed JVM left are removed at a start.
    Path folder =
        Path.of(System.getProperty("java.io.tmpdir"), "embedded-pg", UUID.randomUUID().toString());
    Files.createDirectories(folder);
    return start(majorVersion, folder, 0, false);
  }

  /**
   * Starts the newest version on a folder that outlives it.
   *
   * @param folder holds the data; made, and filled with an empty cluster, where it does not exist
   * @param port the TCP port, 0 for any free one
   */
  public static EmbeddedPostgres start(Path folder, int port) throws IOException {
    Path version = folder.resolve("PG_VERSION");
    if (Files.exists(version)) {
      String found = Files.readString(version).strip();
      if (!found.equals(Integer.toString(NEWEST))) {
        throw new IOException(
            folder + " holds data of PostgreSQL " + found + ", which " + NEWEST + " cannot read");
      }
      awaitEnd(running(folder));
    }
    return start(NEWEST, folder, port, true);
  }

  private static EmbeddedPostgres start(int majorVersion, Path folder, int port, boolean keepData)
      throws IOException {
    var server =
        io.zonky.test.db.postgres.embedded.EmbeddedPostgres.builder()
            .setPgBinaryResolver(binaries(majorVersion))
            .setDataDirectory(folder.toAbsolutePath())
            .setCleanDataDirectory(!keepData)
            .setPort(port)
            // The guard stops it: a hook would stop it while Firn's own hooks still need it.
            .setRegisterShutdownHook(false)
            .setPGStartupWait(STARTUP_LIMIT)
            .setLocaleConfig("locale", "C")
            .setServerConfig("wal_level", "logical")
            .setServerConfig("synchronous_commit", "on")
            .setServerConfig("fsync", "on")
            .setServerConfig("full_page_writes", "on")
            .setServerConfig("max_replication_slots", "20")
            .setServerConfig("max_wal_senders", "20")
            .setServerConfig("max_prepared_transactions", "10")
            .start();
    ProcessHandle postmaster =
        running(folder)
            .orElseThrow(() -> new IOException("PostgreSQL on " + folder + " ended at its start"));
    return new EmbeddedPostgres(server, postmaster, ServerGuard.over(postmaster));
  }

  private static PgBinaryResolver binaries(int majorVersion) {
    return switch (majorVersion) {
      case NEWEST -> DefaultPostgresBinaryResolver.INSTANCE;
      case OLDEST -> Postgres14.INSTANCE;
      default ->
          throw new IllegalArgumentException(
              "PostgreSQL " + majorVersion + " is not embedded: 14 and 18 are");
    };
  }

  /** The server on a folder, where one runs. */
  private static Optional<ProcessHandle> running(Path folder) throws IOException {
    Path file = folder.resolve("postmaster.pid");
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    long pid = Long.parseLong(Files.readAllLines(file).getFirst().strip());
    return ProcessHandle.of(pid)
        .filter(process -> process.info().command().orElse("").contains("postgres"));
  }

  private static void awaitEnd(Optional<ProcessHandle> process) throws IOException {
    if (process.isEmpty()) {
      return;
    }
    long pid = process.get().pid();
    try {
      process.get().onExit().get(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw new IOException("PostgreSQL, process " + pid + ", still runs on that folder", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while PostgreSQL, process " + pid + ", stops", e);
    }
  }

  @Override
  public String host() {
    return "127.0.0.1";
  }

  @Override
  public int port() {
    return server.getPort();
  }

  /** Makes a role that may replicate, and that the server asks for this password. */
  public void makeRoleWithPassword(String role, String password) throws SQLException, IOException {
    try (Connection connection = connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE ROLE "
              + statement.enquoteIdentifier(role, true)
              + " LOGIN REPLICATION PASSWORD "
              + statement.enquoteLiteral(password));
      addRules(statement, "host all \"" + role + "\" 127.0.0.1/32 scram-sha-256\n");
    }
  }

  /** Kills a process of the server, which ends all the others, recovers, and goes on. */
  public void crash() throws SQLException, IOException {
    try (Connection connection = connect("postgres");
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
      row.next();
      if (!ProcessHandle.of(row.getLong(1)).map(ProcessHandle::destroyForcibly).orElse(false)) {
        throw new IOException("process " + row.getLong(1) + " of PostgreSQL could not be killed");
      }
    }
  }

  /** From now on the server speaks TLS alone, with this certificate. */
  public void speakTlsAlone(TestAuthority authority) throws SQLException, IOException {
    try (Connection connection = connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("ALTER SYSTEM SET ssl = on");
      statement.execute(
          "ALTER SYSTEM SET ssl_cert_file = "
              + statement.enquoteLiteral(authority.certificate().toString()));
      statement.execute(
          "ALTER SYSTEM SET ssl_key_file = "
              + statement.enquoteLiteral(authority.key().toString()));
      addRules(statement, "hostnossl all all all reject\nhostnossl replication all all reject\n");
    }
  }

  /** Lines of pg_hba.conf that go before those that are there. */
  private static void addRules(Statement statement, String lines) throws SQLException, IOException {
    Path rules;
    try (ResultSet row = statement.executeQuery("SHOW hba_file")) {
      row.next();
      rules = Path.of(row.getString(1));
    }
    Files.writeString(rules, lines + Files.readString(rules));
    statement.execute("SELECT pg_reload_conf()");
  }

  /** The process id of the server, for tests that freeze or kill it. */
  public long pid() {
    return postmaster.pid();
  }

  /** Stops the server and waits for its end; a temporary folder is deleted. */
  @Override
  public void close() throws IOException {
    try {
      server.close();
      if (postmaster.isAlive()) {
        postmaster.destroyForcibly();
        awaitEnd(Optional.of(postmaster));
      }
    } finally {
      guard.close();
    }
  }
}
