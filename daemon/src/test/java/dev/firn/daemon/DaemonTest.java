package dev.firn.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.change.fault.Backoff;
import dev.firn.change.fault.FirnException;
import dev.firn.change.table.TableId;
import dev.firn.config.CatalogConfig;
import dev.firn.config.FirnConfig;
import dev.firn.config.FirnConfigReader;
import dev.firn.daemon.pipeline.PipelineState;
import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.LocalS3;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What others see of a daemon: health and status, before, while and after it runs. */
class DaemonTest {
  private static final int TRIES = 1200;
  private static final Duration PAUSE = Duration.ofMillis(50);
  private static final Duration ENOUGH_TO_ASK = Duration.ofSeconds(10);
  private static final Duration LONG = Duration.ofMinutes(5);

  @TempDir private Path folder;

  @Test
  void healthAndStatusFollowTheDaemonsLife() throws Exception {
    Files.createDirectories(folder.resolve("s3"));
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start();
        LocalS3 s3 = LocalS3.start(folder.resolve("s3"), 0, "lake")) {
      try (Connection connection = postgres.connect("postgres");
          Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE good (id bigint PRIMARY KEY, v text)");
        statement.execute("INSERT INTO good SELECT n, 'v' FROM generate_series(1, 10) n");
      }
      Path file =
          Files.writeString(
              folder.resolve("firn.yaml"), DaemonFixture.config(postgres, s3, folder));
      DaemonFixture.firn("setup", file);
      FirnConfig config = new FirnConfigReader(Map.of()).read(file);
      try (Daemon daemon = new Daemon(config, _ -> {}, Clock.systemUTC())) {
        assertThat(get(daemon, "/health/live").statusCode()).isEqualTo(200);
        HttpResponse<String> before = get(daemon, "/health/ready");
        assertThat(before.statusCode()).isEqualTo(503);
        assertThat(outcome(before, "pipeline")).isEqualTo("WARNING");
        assertThat(outcome(before, "source")).isEqualTo("OK");

        CompletableFuture<Void> run = CompletableFuture.runAsync(() -> mirror(daemon));
        for (int i = 0; i < TRIES && daemon.state() != PipelineState.STREAMING; i++) {
          assertThat(run).isNotCompletedExceptionally();
          Backoff.pause(PAUSE);
        }
        HttpResponse<String> ready = get(daemon, "/health/ready");
        for (int i = 0; i < TRIES && ready.statusCode() != 200; i++) {
          Backoff.pause(PAUSE);
          ready = get(daemon, "/health/ready");
        }
        assertThat(ready.statusCode()).as(ready.body()).isEqualTo(200);
        assertThat(new ObjectMapper().readTree(ready.body()).get("checks"))
            .extracting(check -> check.get("name").asText())
            .containsExactly("pipeline", "source", "slot", "replica");
        assertThat(DaemonFixture.firn("status", file))
            .contains("in use")
            .containsPattern("public.good +yes +10");

        try (Connection connection = postgres.connect("postgres");
            Statement statement = connection.createStatement()) {
          statement.execute("UPDATE good SET v = 'w' WHERE id = 1");
        }
        for (int i = 0;
            i < TRIES && daemon.meters().get("firn.checkpoints").counter().count() == 0;
            i++) {
          Backoff.pause(PAUSE);
        }

        daemon.stop();
        run.get(1, TimeUnit.MINUTES);
        assertThat(get(daemon, "/health/ready").statusCode()).isEqualTo(503);
        assertThat(get(daemon, "/health/live").statusCode()).isEqualTo(200);
      }
      assertThat(DaemonFixture.firn("status", file))
          .contains("not in use")
          .containsPattern("public.good +yes +10");
      assertStatusEndsWhereTheBucketFallsSilent(postgres, s3);

      try (Daemon daemon = new Daemon(config, _ -> {}, Clock.systemUTC())) {
        CompletableFuture<Void> run = CompletableFuture.runAsync(() -> mirror(daemon));
        String freshness = "firn_freshness_seconds{table=\"public.good\"} ";
        String meters = get(daemon, "/metrics").body();
        for (int i = 0; i < TRIES && !meters.contains(freshness); i++) {
          assertThat(run).isNotCompletedExceptionally();
          Backoff.pause(PAUSE);
          meters = get(daemon, "/metrics").body();
        }
        assertThat(meters).contains(freshness).doesNotContain(freshness + "NaN");
        daemon.stop();
        run.get(1, TimeUnit.MINUTES);
      }
    }
  }

  /** The control table is read, and then the table that it tells of is not. */
  private void assertStatusEndsWhereTheBucketFallsSilent(EmbeddedPostgres postgres, LocalS3 s3)
      throws Exception {
    try (SilencedServer bucket = new SilencedServer(s3.endpoint(), "/public/good/")) {
      String text =
          DaemonFixture.config(postgres, s3, folder)
              .replace(s3.endpoint().toString(), bucket.endpoint().toString());
      CatalogConfig catalog =
          new FirnConfigReader(Map.of())
              .read(Files.writeString(folder.resolve("silent.yaml"), text))
              .catalog();
      assertThat(StatusCommand.readReplica(catalog, List.of(), LONG)).isPresent();
      assertThat(bucket.isSilent()).isFalse();
      assertThatThrownBy(() ->
              StatusCommand.readReplica(
                  catalog, List.of(new TableId("public", "good")), ENOUGH_TO_ASK))
          .isInstanceOfSatisfying(
              FirnException.class,
              e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.REPLICA_UNREACHABLE))
          .hasMessageContaining("did not say within 10 s where the replica stands");
      assertThat(bucket.isSilent()).as("the table was asked for").isTrue();
    }
  }

  private static void mirror(Daemon daemon) {
    try {
      daemon.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static String outcome(HttpResponse<String> health, String name) throws Exception {
    for (JsonNode check : new ObjectMapper().readTree(health.body()).get("checks")) {
      if (check.get("name").asText().equals(name)) {
        return check.get("outcome").asText();
      }
    }
    throw new AssertionError("no check " + name + " in " + health.body());
  }

  private static HttpResponse<String> get(Daemon daemon, String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(daemon.address().resolve(path))
              .timeout(Duration.ofSeconds(30))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }
}
