package dev.firn.cdc.connect;

import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.PostgresLogin;
import dev.firn.change.fault.Told;
import dev.firn.config.SourceConfig;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * Opens connections to the source and says in the user's words why one could not be opened or
 * broke. Thread-safe.
 */
public final class PostgresConnections {
  private static final int CONNECT_TIMEOUT_SECONDS = 10;
  private static final int LOGIN_TIMEOUT_SECONDS = 20;
  private static final int SOCKET_TIMEOUT_SECONDS = 300;

  private final SourceConfig source;
  private final Driver driver = new Driver();

  /** Connections as the config's user, to its database. */
  public PostgresConnections(SourceConfig source) {
    this.source = source;
  }

  /**
   * A new connection in autocommit, its session in UTC. The password is read anew. A read that gets
   * no answer for five minutes fails; where a statement may take longer, the caller sets {@link
   * Connection#setNetworkTimeout}.
   *
   * @param purpose what it is for; the server shows it as application name, behind "firn"
   * @throws FirnException SOURCE_UNREACHABLE, naming the address and the user
   */
  public Connection open(String purpose) {
    return open(purpose, new Properties());
  }

  /**
   * A new connection that speaks the replication protocol beside SQL ({@code IDENTIFY_SYSTEM} and
   * its kin), for statements without parameters.
   *
   * @throws FirnException SOURCE_UNREACHABLE, naming the address and the user
   */
  public Connection openReplication(String purpose) {
    Properties properties = new Properties();
    PGProperty.REPLICATION.set(properties, "database");
    PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
    PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "10");
    return open(purpose, properties);
  }

  /**
   * What to throw where a statement failed: the connection broke, a right is missing, or the server
   * refused it for another reason.
   *
   * @param doing what was being done, as in "reading the catalog"
   */
  public FirnException failure(String doing, SQLException cause) {
    String state = cause.getSQLState() == null ? "" : cause.getSQLState();
    String where = " at " + source.address() + " failed while " + doing + ": " + Told.by(cause);
    if (state.equals("42501")) {
      return new FirnException(
          FirnException.Kind.SOURCE_UNFIT,
          "user " + source.user() + where,
          "grant " + source.user() + " the right that the message names (firn doctor lists them)",
          cause);
    }
    if (state.equals("55P03")) {
      return new FirnException(
          FirnException.Kind.SOURCE_UNFIT,
          "PostgreSQL" + where,
          "end what holds the lock (pg_locks and pg_blocking_pids name it), and start again",
          cause);
    }
    if (isBroken(state)) {
      return new FirnException(
          FirnException.Kind.SOURCE_UNREACHABLE,
          "the connection to PostgreSQL" + where,
          "see that the server is up and reachable from here; Firn goes on where it stopped",
          cause);
    }
    return new FirnException(
        FirnException.Kind.SOURCE_UNFIT,
        "PostgreSQL" + where,
        "see the server's log for the statement that failed",
        cause);
  }

  /** Whether an SQL state tells of a lost connection or a server going down or coming up. */
  private static boolean isBroken(String state) {
    return state.isEmpty()
        || state.startsWith("08")
        || state.startsWith("57P")
        || state.startsWith("53")
        || state.startsWith("58");
  }

  private Connection open(String purpose, Properties properties) {
    for (var parameter : source.parameters().entrySet()) {
      properties.setProperty(parameter.getKey(), parameter.getValue());
    }
    PGProperty.USER.set(properties, source.user());
    PGProperty.PASSWORD.set(properties, source.password().reveal());
    PGProperty.APPLICATION_NAME.set(properties, "firn " + purpose);
    setDefault(properties, PGProperty.CONNECT_TIMEOUT, CONNECT_TIMEOUT_SECONDS);
    setDefault(properties, PGProperty.LOGIN_TIMEOUT, LOGIN_TIMEOUT_SECONDS);
    setDefault(properties, PGProperty.SOCKET_TIMEOUT, SOCKET_TIMEOUT_SECONDS);
    setDefault(properties, PGProperty.TCP_KEEP_ALIVE, true);
    Connection connection;
    try {
      connection = driver.connect(url(), properties);
    } catch (SQLException e) {
      throw login().refused(e);
    }
    if (connection == null) {
      throw new IllegalStateException("the driver does not take " + source.address());
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET TIME ZONE 'UTC'");
      return connection;
    } catch (SQLException e) {
      FirnException failure = failure("setting the session's time zone", e);
      try {
        connection.close();
      } catch (SQLException suppressed) {
        failure.addSuppressed(suppressed);
      }
      throw failure;
    }
  }

  private static void setDefault(Properties properties, PGProperty property, Object value) {
    properties.putIfAbsent(property.getName(), value.toString());
  }

  private String url() {
    return "jdbc:postgresql://"
        + source.host()
        + ":"
        + source.port()
        + "/"
        + URLEncoder.encode(source.database(), StandardCharsets.UTF_8);
  }

  private PostgresLogin login() {
    return new PostgresLogin(
        FirnException.Kind.SOURCE_UNREACHABLE,
        "PostgreSQL at " + source.address(),
        "user " + source.user(),
        source.host(),
        source.database(),
        new PostgresLogin.Tls(
            source.parameters().getOrDefault(PGProperty.SSL_MODE.getName(), ""),
            Optional.ofNullable(source.parameters().get(PGProperty.SSL_ROOT_CERT.getName()))),
        "source.url",
        "source.password");
  }
}
