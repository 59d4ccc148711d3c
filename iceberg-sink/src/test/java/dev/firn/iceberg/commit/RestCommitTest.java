package dev.firn.iceberg.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.config.CatalogConfig;
import dev.firn.iceberg.RestServer;
import dev.firn.iceberg.Warehouse;
import dev.firn.iceberg.catalog.MultiTableGuarantee;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class RestCommitTest extends HistoryContract {
  private RestServer server;

  @BeforeEach
  void startServer() throws Exception {
    Map<String, String> properties = new HashMap<>();
    warehouse.properties().forEach((name, value) -> properties.put(name, value.reveal()));
    properties.put("uri", "jdbc:sqlite:" + warehouse.sqliteFile());
    properties.put("warehouse", "s3://lake/replica");
    properties.put("io-impl", "org.apache.iceberg.aws.s3.S3FileIO");
    server = new RestServer(properties);
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Override
  CatalogConfig config() {
    return warehouse.config(CatalogConfig.Type.REST, "", server.uri().toString());
  }

  @Test
  void aServerErrorIsReadBackWhetherItCameBeforeOrAfterTheCommit() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    assertThat(daemon.commits.guarantee()).isEqualTo(MultiTableGuarantee.AT_ONCE);
    daemon.commit(Change.insert(daemon.a, 1, 10), Change.insert(daemon.b, 1, 10));
    server.plan(RestServer.Fault.FAILS_AFTER);
    daemon.commit(
        new Change(daemon.a, new long[] {1, 11}, new long[] {1}, () -> {}),
        Change.insert(daemon.b, 2, 20));
    server.plan(RestServer.Fault.FAILS_BEFORE);
    daemon.commit(Change.insert(daemon.a, 3, 30));
    assertThat(server.spent()).isTrue();

    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=11", "3=30");
    assertThat(Warehouse.rows(fresh(B))).containsExactly("1=10", "2=20");
    assertNothingLeftBehind();
  }
}
