package dev.firn.daemon.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.postgres.PostgresSetup;
import dev.firn.cdc.slot.Slots;
import dev.firn.change.PipelineEvent;
import dev.firn.change.fault.Backoff;
import dev.firn.config.FirnConfig;
import dev.firn.config.FirnConfigReader;
import dev.firn.daemon.DaemonFixture;
import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.LocalS3;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PipelineIT {
  private static final Duration GIVE_UP_AFTER = Duration.ofSeconds(10);
  private static final Duration PAUSE = Duration.ofMillis(50);
  private static final int TRIES = 1200;

  @TempDir private Path folder;

  private final AtomicLong streamedChanges = new AtomicLong();

  /** Checkpoints are an hour apart, and so no sign of working. */
  @Test
  void connectionsLostNowAndThenAreTakenUpAgainForEver() throws Exception {
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start();
        LocalS3 s3 = LocalS3.start(folder.resolve("s3"), 0, "lake");
        Connection connection = postgres.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE good (id serial PRIMARY KEY)");
      String text = DaemonFixture.config(postgres, s3, folder).replace("every: 1s", "every: 1h");
      FirnConfig config =
          new FirnConfigReader(Map.of()).read(Files.writeString(folder.resolve("firn.yaml"), text));
      PostgresConnections connections = new PostgresConnections(config.source());
      new PostgresSetup(
              connections, config, () -> new Slots(config.source(), connections).createIfMissing())
          .apply();
      Pipeline pipeline =
          new Pipeline(
              config,
              this::on,
              Clock.systemUTC(),
              new Pipeline.Patience(Duration.ofMillis(50), Duration.ofMillis(500), GIVE_UP_AFTER));
      CompletableFuture<Void> run = CompletableFuture.runAsync(() -> run(pipeline));
      for (int losses = 0; losses < 2; losses++) {
        awaitChange(statement, run);
        statement.execute(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active");
        awaitState(pipeline, PipelineState.RECONNECTING, run);
        awaitState(pipeline, PipelineState.STREAMING, run);
        awaitChange(statement, run);
        Backoff.pause(GIVE_UP_AFTER);
      }
      pipeline.stop();
      run.get(1, TimeUnit.MINUTES);
    }
  }

  private void on(PipelineEvent event) {
    if (event instanceof PipelineEvent.StreamedTo streamed) {
      streamedChanges.addAndGet(streamed.changes());
    }
  }

  private void awaitChange(Statement statement, CompletableFuture<Void> run) throws Exception {
    long before = streamedChanges.get();
    for (int i = 0; i < TRIES && streamedChanges.get() == before; i++) {
      statement.execute("INSERT INTO good DEFAULT VALUES");
      assertThat(run).isNotCompletedExceptionally();
      Backoff.pause(PAUSE);
    }
    assertThat(streamedChanges.get()).isGreaterThan(before);
  }

  private static void awaitState(
      Pipeline pipeline, PipelineState state, CompletableFuture<Void> run) throws Exception {
    for (int i = 0; i < TRIES && pipeline.state() != state; i++) {
      assertThat(run).isNotCompletedExceptionally();
      Backoff.pause(Duration.ofMillis(1));
    }
    assertThat(pipeline.state()).isEqualTo(state);
  }

  private static void run(Pipeline pipeline) {
    try {
      pipeline.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
