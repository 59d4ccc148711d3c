package dev.firn.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
import dev.firn.testing.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ShopTest {
  @Test
  void theShopIsFilledAndItsEventsTouchEveryTable() throws Exception {
    try (EmbeddedPostgres server = EmbeddedPostgres.start()) {
      Shop.create(server);
      assertThat(count(server, "SELECT count(*) FROM order_items")).isEqualTo(100_000);
      assertThat(
              count(
                  server,
                  "SELECT pg_relation_size(reltoastrelid) FROM pg_class"
                      + " WHERE oid = 'products'::regclass"))
          .as("bytes of descriptions in TOAST")
          .isGreaterThan(8_000_000);

      ShopTraffic traffic = ShopTraffic.start(server, 400);
      while (traffic.committed() < 600) {
        Backoff.pause(Duration.ofMillis(20));
      }
      traffic.stop();

      assertThat(count(server, "SELECT count(*) FROM payments WHERE method = 'voucher'"))
          .isPositive();
      assertThat(count(server, "SELECT count(*) FROM order_items WHERE line > 10")).isPositive();
      assertThat(count(server, "SELECT max(id) FROM orders")).isGreaterThan(50_100);
    }
  }

  private static long count(EmbeddedPostgres server, String sql) throws Exception {
    try (Connection connection = server.connect(Shop.DATABASE);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      assertThat(result.next()).isTrue();
      return result.getLong(1);
    }
  }
}
