package dev.firn.iceberg.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.fault.FirnException;
import dev.firn.config.CatalogConfig;
import dev.firn.config.Secret;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** A database that does not answer is not waited for without end. */
final class CatalogTimeoutsTest {
  /** No server is there, so that the driver that looks at the properties is asked after it. */
  private static final String URL = "jdbc:postgresql://127.0.0.1:1/catalog";

  @Test
  void connectionsToPostgresHaveTimeoutsUnlessTheConfigNamesOthers() throws Exception {
    AtomicReference<Properties> given = new AtomicReference<>(new Properties());
    Driver driver =
        (Driver)
            Proxy.newProxyInstance(
                CatalogTimeoutsTest.class.getClassLoader(),
                new Class<?>[] {Driver.class},
                (proxy, method, arguments) ->
                    switch (method.getName()) {
                      case "connect" -> refuse(given, (String) arguments[0], arguments[1]);
                      case "equals" -> proxy == arguments[0];
                      case "hashCode" -> 1;
                      case "toString" -> "a driver that looks at the properties";
                      default -> throw new UnsupportedOperationException(method.getName());
                    });
    DriverManager.registerDriver(driver);
    try {
      CatalogConfig config =
          new CatalogConfig(
              CatalogConfig.Type.JDBC,
              "",
              "firn",
              URL,
              "s3://lake/r",
              Map.of("jdbc.user", Secret.of("firn"), "jdbc.socketTimeout", Secret.of("5")));
      assertThatThrownBy(() -> ReplicaCatalog.open(config)).isInstanceOf(FirnException.class);
      assertThat(given.get())
          .containsEntry("user", "firn")
          .containsEntry("connectTimeout", "10")
          .containsEntry("loginTimeout", "20")
          .containsEntry("socketTimeout", "5")
          .containsEntry("tcpKeepAlive", "true")
          .containsEntry("sslmode", "prefer");
    } finally {
      DriverManager.deregisterDriver(driver);
    }
  }

  private static Connection refuse(AtomicReference<Properties> given, String url, Object properties)
      throws SQLException {
    if (!url.equals(URL)) {
      return null;
    }
    given.set((Properties) properties);
    throw new SQLException("no connection", "08001");
  }
}
