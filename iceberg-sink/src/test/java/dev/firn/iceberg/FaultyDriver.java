package dev.firn.iceberg;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Logger;

/**
 * Real connections whose COMMIT fails when told to, as when a network does: {@code
 * jdbc:faulty:<name>:<url of the real database>}.
 */
public final class FaultyDriver implements Driver {
  /** What happens to a COMMIT. */
  public enum Fault {
    /** The connection is lost before the server has it. */
    LOST_BEFORE,
    /** The server commits, and the connection is lost before its answer arrives. */
    ANSWER_LOST
  }

  private static final String PREFIX = "jdbc:faulty:";
  private static final ConcurrentHashMap<String, ConcurrentLinkedQueue<Fault>> PLANS =
      new ConcurrentHashMap<>();

  static {
    try {
      DriverManager.registerDriver(new FaultyDriver());
    } catch (SQLException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The URL under which the database is reached with faults of that name. */
  public static String url(String name, String url) {
    PLANS.putIfAbsent(name, new ConcurrentLinkedQueue<>());
    return PREFIX + name + ":" + url;
  }

  /** The next commit of several statements through connections of that name fails so. */
  public static void plan(String name, Fault fault) {
    PLANS.get(name).add(fault);
  }

  /** Whether every fault planned has happened. */
  public static boolean spent(String name) {
    return PLANS.get(name).isEmpty();
  }

  @Override
  public Connection connect(String url, Properties info) throws SQLException {
    if (!acceptsURL(url)) {
      return null;
    }
    String rest = url.substring(PREFIX.length());
    String name = rest.substring(0, rest.indexOf(':'));
    Connection real = DriverManager.getConnection(rest.substring(name.length() + 1), info);
    return (Connection)
        Proxy.newProxyInstance(
            FaultyDriver.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("commit")) {
                commit(real, name);
                return null;
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static void commit(Connection real, String name) throws SQLException {
    Fault fault = PLANS.get(name).poll();
    if (fault == null) {
      real.commit();
      return;
    }
    switch (fault) {
      case LOST_BEFORE -> {
        real.rollback();
        real.close();
      }
      case ANSWER_LOST -> {
        real.commit();
        real.close();
      }
    }
    throw new SQLException("the connection was lost", "08006");
  }

  @Override
  public boolean acceptsURL(String url) {
    return url.startsWith(PREFIX);
  }

  @Override
  public DriverPropertyInfo[] getPropertyInfo(String url, Properties info) {
    return new DriverPropertyInfo[0];
  }

  @Override
  public int getMajorVersion() {
    return 1;
  }

  @Override
  public int getMinorVersion() {
    return 0;
  }

  @Override
  public boolean jdbcCompliant() {
    return false;
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    throw new SQLFeatureNotSupportedException();
  }
}
