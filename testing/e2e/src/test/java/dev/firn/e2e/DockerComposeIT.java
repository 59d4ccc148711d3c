package dev.firn.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
import dev.firn.e2e.reader.EngineReader;
import dev.firn.e2e.reader.ReplicaCatalog;
import dev.firn.e2e.reader.ReplicaComparison;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a newcomer does with Docker: build the image, bring the compose file up, see it mirrored.
 */
final class DockerComposeIT {
  private static final String PASSWORD_FILE = "../../docker/secrets/postgres-password";
  private static final Duration LIMIT = Duration.ofMinutes(4);
  private static final Duration PAUSE = Duration.ofSeconds(2);

  @TempDir Path logs;

  @Test
  void theShopIsMirroredWhileItsCustomersAreBusyAndAfterARestart() throws Exception {
    try (Compose compose = Compose.up("firn:e2e", logs);
        EngineReader trino = EngineReader.trino();
        Connection shop = connect(compose)) {
      ReplicaCatalog catalog = catalog(compose);
      trino.open(catalog);

      awaitReady(compose);
      compose.stop("customers");
      write(shop, 200);
      awaitEqual(shop, trino, catalog, compose);

      assertThat(compose.stop("firn")).isZero();
      write(shop, 200);
      compose.start("firn");
      awaitEqual(shop, trino, catalog, compose);
    }
  }

  private static Connection connect(Compose compose) throws Exception {
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:" + compose.port("postgres", 5432) + "/shop",
        "postgres",
        password());
  }

  private static ReplicaCatalog catalog(Compose compose) throws Exception {
    return new ReplicaCatalog(
        ReplicaCatalog.JDBC,
        "lake",
        "jdbc:postgresql://127.0.0.1:" + compose.port("postgres", 5432) + "/catalog",
        "postgres",
        password(),
        "s3://lake/shop",
        URI.create("http://127.0.0.1:" + compose.port("localstack", 4566)),
        "test",
        "test");
  }

  private static String password() throws Exception {
    return Files.readString(Path.of(PASSWORD_FILE)).strip();
  }

  private static void write(Connection shop, int transactions) throws SQLException {
    try (var event = shop.prepareStatement("SELECT shop_event()")) {
      for (int i = 0; i < transactions; i++) {
        event.execute();
      }
    }
  }

  private static void awaitReady(Compose compose) throws Exception {
    URI health = URI.create("http://127.0.0.1:" + compose.port("firn", 9464) + "/health/ready");
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpRequest request = HttpRequest.newBuilder(health).timeout(PAUSE).build();
      await(
          compose,
          () -> {
            try {
              int status = http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
              return status == 200 ? List.of() : List.of("not ready: " + status);
            } catch (IOException e) {
              return List.of("not listening: " + e);
            }
          });
    }
  }

  /** The source stands still: the replica must come to equal it. */
  private static void awaitEqual(
      Connection shop, EngineReader engine, ReplicaCatalog catalog, Compose compose)
      throws Exception {
    List<String> tables = tables(shop);
    assertThat(tables).contains("customers", "products", "orders", "order_items", "payments");
    await(compose, () -> missing(tables, catalog));
    await(compose, () -> differences(shop, tables, engine, catalog));
  }

  private interface Check {
    /** What does not hold yet; empty where all holds. */
    List<String> unmet() throws Exception;
  }

  private static void await(Compose compose, Check check) throws Exception {
    long begun = System.nanoTime();
    List<String> unmet = check.unmet();
    while (!unmet.isEmpty() && System.nanoTime() - begun < LIMIT.toNanos()) {
      Backoff.pause(PAUSE);
      unmet = check.unmet();
    }
    assertThat(unmet).as("Firn's output: %s", compose.output("firn")).isEmpty();
  }

  /** The tables that the catalog does not know yet. */
  private static List<String> missing(List<String> tables, ReplicaCatalog catalog)
      throws SQLException {
    List<String> missing = new ArrayList<>(tables);
    try (Connection connection =
            DriverManager.getConnection(catalog.uri(), catalog.user(), catalog.password());
        var rows =
            connection
                .createStatement()
                .executeQuery(
                    "SELECT table_name FROM iceberg_tables WHERE table_namespace = 'public'")) {
      while (rows.next()) {
        missing.remove(rows.getString(1));
      }
    }
    return missing;
  }

  private static List<String> tables(Connection shop) throws SQLException {
    List<String> names = new ArrayList<>();
    try (var rows =
        shop.createStatement()
            .executeQuery("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    return names;
  }

  private static List<String> differences(
      Connection shop, List<String> tables, EngineReader engine, ReplicaCatalog catalog)
      throws Exception {
    List<String> all = new ArrayList<>();
    for (String table : tables) {
      ReplicaComparison comparison =
          ReplicaComparison.compare(shop, "public", table, engine, catalog);
      assertThat(comparison.rows()).as(table).isPositive();
      comparison.differences().forEach(difference -> all.add(table + ": " + difference));
    }
    return all;
  }
}
