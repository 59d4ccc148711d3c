package dev.firn.testing;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/** A PostgreSQL server with logical decoding, on this machine. Closing it ends it. */
public interface PostgresServer extends AutoCloseable {
  /** The superuser's name. */
  String USER = "postgres";

  /** The superuser's password. */
  String PASSWORD = "postgres";

  /** The host's name or address, as this machine reaches it. */
  String host();

  /** The TCP port. */
  int port();

  /** A JDBC URL for a database of this server, without user and password. */
  default String jdbcUrl(String database) {
    return "jdbc:postgresql://" + host() + ":" + port() + "/" + database;
  }

  /** A connection as the superuser, in autocommit. */
  default Connection connect(String database) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", USER);
    login.setProperty("password", PASSWORD);
    return DriverManager.getConnection(jdbcUrl(database), login);
  }

  @Override
  void close() throws IOException;
}
