package dev.firn.quickstart;

import dev.firn.testing.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sample shop's database: its tables, its first rows and what happens in it. */
final class Shop {
  static final String DATABASE = "shop";
  private static final Logger LOG = LoggerFactory.getLogger(Shop.class);
  private static final List<String> SCRIPTS =
      List.of("01-schema.sql", "02-rows.sql", "03-business.sql");

  private Shop() {}

  /** Makes and fills the database. */
  static void create(EmbeddedPostgres server) throws SQLException, IOException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + DATABASE);
    }
    try (Connection connection = server.connect(DATABASE);
        Statement statement = connection.createStatement()) {
      for (String script : SCRIPTS) {
        long started = System.nanoTime();
        statement.execute(read(script));
        LOG.info("shop: {} ran in {} ms", script, (System.nanoTime() - started) / 1_000_000);
      }
    }
  }

  private static String read(String script) throws IOException {
    try (InputStream in = Shop.class.getResourceAsStream("/shop/" + script)) {
      if (in == null) {
        throw new IllegalStateException("shop/" + script + " is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
