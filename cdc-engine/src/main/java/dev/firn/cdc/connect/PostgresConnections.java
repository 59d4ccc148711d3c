package dev.firn.cdc.connect;

import dev.firn.change.fault.FirnException;
import dev.firn.config.SourceConfig;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.URLEncoder;
import java.net.UnknownHostException;
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
    String where = " at " + source.address() + " failed while " + doing + ": " + told(cause);
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
      throw refused(e);
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

  private FirnException refused(SQLException cause) {
    String state = cause.getSQLState() == null ? "" : cause.getSQLState();
    return switch (state) {
      case "28P01", "28000" ->
          unreachable(
              "PostgreSQL at "
                  + source.address()
                  + " refused the login of user "
                  + source.user()
                  + ": "
                  + told(cause),
              "check source.password and the user in source.url, and pg_hba.conf on the server",
              cause);
      case "3D000" ->
          unreachable(
              "PostgreSQL at "
                  + source.host()
                  + ":"
                  + source.port()
                  + " has no database "
                  + source.database()
                  + " (login as user "
                  + source.user()
                  + ")",
              "check the database's name in source.url",
              cause);
      // The driver's answer to a server without TLS.
      case "08004" ->
          unreachable(
              "PostgreSQL at "
                  + source.address()
                  + " does not take the connection of user "
                  + source.user()
                  + ": "
                  + told(cause),
              "turn ssl on at the server; or add ?sslmode=disable to source.url, where nobody else"
                  + " reads the network between (without sslmode only loopback may do without TLS)",
              cause);
      default -> {
        Optional<String> network = networkFailure(cause);
        yield unreachable(
            "PostgreSQL at "
                + source.address()
                + " cannot be reached as user "
                + source.user()
                + ": "
                + network.orElseGet(() -> told(cause)),
            "see that the server is up and that host and port in source.url are right"
                + (network.isEmpty() && verifiesTls()
                    ? "; where its certificate is not trusted, name the CA that signed it:"
                        + " ?sslrootcert=/path/to/ca.pem in source.url"
                    : ""),
            cause);
      }
    };
  }

  private boolean verifiesTls() {
    return source.parameters().getOrDefault(PGProperty.SSL_MODE.getName(), "").startsWith("verify");
  }

  private static FirnException unreachable(String what, String mend, SQLException cause) {
    return new FirnException(FirnException.Kind.SOURCE_UNREACHABLE, what, mend, cause);
  }

  /** What the network said, before the server could say anything. */
  private static Optional<String> networkFailure(SQLException cause) {
    for (Throwable t = cause; t != null; t = t.getCause()) {
      switch (t) {
        case UnknownHostException unknown -> {
          return Optional.of("the host name does not resolve");
        }
        case ConnectException connect -> {
          return Optional.of("connection refused, or no route");
        }
        case SocketTimeoutException timeout -> {
          return Optional.of("no answer within " + CONNECT_TIMEOUT_SECONDS + " s");
        }
        default -> {}
      }
    }
    return Optional.empty();
  }

  private static String told(SQLException cause) {
    String message = cause.getMessage();
    return message == null ? cause.getClass().getSimpleName() : message;
  }
}
