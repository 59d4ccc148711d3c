package dev.firn.testing.reader.trino;

import dev.firn.testing.reader.Engine;
import io.airlift.units.Duration;
import io.trino.client.ClientSession;
import io.trino.client.Column;
import io.trino.client.QueryError;
import io.trino.client.StatementClient;
import io.trino.client.StatementClientFactory;
import io.trino.plugin.iceberg.IcebergPlugin;
import io.trino.spi.type.TimeZoneKey;
import io.trino.testing.StandaloneQueryRunner;
import io.trino.testing.TestingSession;
import java.sql.SQLException;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** One Trino server, asked over its own protocol so that results stream. Its time zone is UTC. */
final class TrinoEngine implements Engine {
  private static final int REQUEST_LIMIT_MINUTES = 2;

  private final StandaloneQueryRunner server;
  private final OkHttpClient http =
      new OkHttpClient.Builder().readTimeout(REQUEST_LIMIT_MINUTES, TimeUnit.MINUTES).build();

  private TrinoEngine(StandaloneQueryRunner server) {
    this.server = server;
  }

  static TrinoEngine start() {
    StandaloneQueryRunner server =
        new StandaloneQueryRunner(
            TestingSession.testSessionBuilder().setTimeZoneKey(TimeZoneKey.UTC_KEY).build());
    server.installPlugin(new IcebergPlugin());
    return new TrinoEngine(server);
  }

  @Override
  public void open(String catalog, Map<String, String> properties) {
    server.createCatalog(catalog, "iceberg", properties);
  }

  @Override
  public void query(String sql, Rows rows) throws Exception {
    ClientSession session =
        ClientSession.builder()
            .server(server.getCoordinator().getBaseUrl())
            .user(Optional.of("firn"))
            .source("firn")
            .timeZone(ZoneOffset.UTC)
            .clientRequestTimeout(new Duration(REQUEST_LIMIT_MINUTES, TimeUnit.MINUTES))
            .build();
    try (StatementClient client = StatementClientFactory.newStatementClient(http, session, sql)) {
      List<TrinoText> types = null;
      while (client.isRunning()) {
        types = page(client, client.currentStatusInfo().getColumns(), types, rows);
        client.advance();
      }
      QueryError error = client.finalStatusInfo().getError();
      if (error != null) {
        throw new SQLException(error.getErrorName() + ": " + error.getMessage() + " in " + sql);
      }
      if (client.isClientError() || client.isClientAborted()) {
        throw new SQLException("Trino's client gave up on " + sql);
      }
    }
  }

  private static @Nullable List<TrinoText> page(
      StatementClient client,
      @Nullable List<Column> columns,
      @Nullable List<TrinoText> known,
      Rows rows)
      throws Exception {
    List<TrinoText> types = known;
    if (columns == null) {
      return types;
    }
    if (types == null) {
      types = columns.stream().map(c -> TrinoText.of(c.getTypeSignature())).toList();
      rows.columns(columns.stream().map(Column::getName).toList());
    }
    for (List<Object> values : client.currentRows()) {
      List<@Nullable String> texts = new ArrayList<>(types.size());
      for (int i = 0; i < types.size(); i++) {
        texts.add(types.get(i).text(values.get(i)));
      }
      rows.row(texts);
    }
    return types;
  }

  @Override
  public void close() {
    http.dispatcher().executorService().shutdown();
    http.connectionPool().evictAll();
    server.close();
  }
}
