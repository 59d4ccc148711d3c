package dev.firn.daemon.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.PipelineEvent;
import dev.firn.change.fault.FirnException;
import dev.firn.change.health.Check;
import dev.firn.change.position.PostgresPosition;
import dev.firn.change.table.TableId;
import dev.firn.config.HttpConfig;
import dev.firn.daemon.meter.PipelineMeters;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

class MonitorServerTest {
  private static final TableId ORDERS = new TableId("public", "orders");

  private static final Health WELL = new Health(true, List.of(Check.ok("pipeline", "STREAMING")));

  private final Clock clock = Clock.fixed(Instant.ofEpochSecond(1000), ZoneOffset.UTC);

  @Test
  void theMetersOfEveryEventAreExposed() throws Exception {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    PipelineMeters meters = new PipelineMeters(registry, clock);
    meters.on(new PipelineEvent.LoadProgress(ORDERS, 500, 2000));
    meters.on(new PipelineEvent.StreamedTo(990_000_000, 42));
    meters.on(new PipelineEvent.SourceRetention(4096, "reserved"));
    meters.on(
        new PipelineEvent.Checkpointed(
            7,
            PostgresPosition.at(1, 2),
            3,
            940_000_000,
            Duration.ofMillis(250),
            List.of(new PipelineEvent.TableWritten(ORDERS, 5, 6, 7, 1, 2, 1, 12345))));
    try (MonitorServer server =
        MonitorServer.start(new HttpConfig("127.0.0.1", 0), registry, () -> WELL, () -> WELL)) {
      assertThat(get(server.address().resolve("/metrics")).body())
          .contains("firn_lag_seconds 10.0")
          .contains("firn_freshness_seconds{table=\"public.orders\"} 60.0")
          .contains("firn_rows_total{operation=\"insert\",table=\"public.orders\"} 5.0")
          .contains("firn_rows_total{operation=\"update\",table=\"public.orders\"} 6.0")
          .contains("firn_rows_total{operation=\"delete\",table=\"public.orders\"} 7.0")
          .contains("firn_rows_total{operation=\"truncate\",table=\"public.orders\"} 1.0")
          .contains("firn_files_total{content=\"data\",table=\"public.orders\"} 2.0")
          .contains("firn_file_bytes_total{table=\"public.orders\"} 12345.0")
          .contains("firn_checkpoint_duration_seconds_count 1")
          .contains("firn_checkpoint_duration_seconds_sum 0.25")
          .contains("firn_checkpoints_total 1.0")
          .contains("firn_transactions_total 3.0")
          .contains("firn_streamed_changes_total 42.0")
          .contains("firn_slot_retained_bytes 4096.0")
          .contains("firn_slot_wal_status{status=\"reserved\"} 1.0")
          .contains("firn_slot_wal_status{status=\"lost\"} 0.0")
          .contains("firn_load_rows{table=\"public.orders\"} 500.0");
    }
  }

  @Test
  void everyTableIsAsFreshAsTheReplicaSaysAfterAStart() {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    PipelineMeters meters = new PipelineMeters(registry, clock);
    meters.on(new PipelineEvent.StreamingBegun(List.of(ORDERS), 930_000_000));
    assertThat(registry.scrape())
        .contains("firn_freshness_seconds{table=\"public.orders\"} 70.0")
        .contains("firn_loaded{table=\"public.orders\"} 1.0");
    meters.on(new PipelineEvent.StreamedTo(990_000_000, 0));
    assertThat(registry.scrape()).contains("firn_freshness_seconds{table=\"public.orders\"} 70.0");
  }

  @Test
  void aNewReplicaIsAsFreshAsTheStreamsFirstPlaceUntilItsFirstCheckpoint() {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    PipelineMeters meters = new PipelineMeters(registry, clock);
    meters.on(new PipelineEvent.StreamingBegun(List.of(ORDERS), 0));
    meters.on(new PipelineEvent.StreamedTo(980_000_000, 0));
    meters.on(new PipelineEvent.StreamedTo(990_000_000, 0));
    assertThat(registry.scrape()).contains("firn_freshness_seconds{table=\"public.orders\"} 20.0");
    meters.on(
        new PipelineEvent.Checkpointed(
            1, PostgresPosition.at(1, 2), 1, 970_000_000, Duration.ofMillis(1), List.of()));
    assertThat(registry.scrape()).contains("firn_freshness_seconds{table=\"public.orders\"} 30.0");
  }

  @Test
  void aDaemonThatDoesNotStreamYetIsAliveAndNotReady() throws Exception {
    Health loading =
        new Health(false, List.of(Check.warning("pipeline", "LOADING", "Wait until it streams.")));
    try (MonitorServer server =
        MonitorServer.start(
            new HttpConfig("127.0.0.1", 0),
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
            () -> WELL,
            () -> loading)) {
      assertThat(get(server.address().resolve("/health/live")).statusCode()).isEqualTo(200);
      HttpResponse<String> ready = get(server.address().resolve("/health/ready"));
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(ready.body()).contains("\"name\":\"pipeline\"").contains("LOADING");
    }
  }

  @Test
  void aPortInUseIsTheConfigsProblem() {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    try (MonitorServer first =
        MonitorServer.start(new HttpConfig("127.0.0.1", 0), registry, () -> WELL, () -> WELL)) {
      int port = first.address().getPort();
      assertThatThrownBy(() ->
              MonitorServer.start(
                  new HttpConfig("127.0.0.1", port), registry, () -> WELL, () -> WELL))
          .isInstanceOfSatisfying(
              FirnException.class,
              e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.CONFIGURATION))
          .hasMessageContaining("127.0.0.1:" + port);
    }
  }

  private static HttpResponse<String> get(URI uri) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(30)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }
}
