package dev.firn.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.PipelineEvent;
import dev.firn.change.position.PostgresPosition;
import dev.firn.change.table.TableId;
import dev.firn.daemon.meter.PipelineMeters;
import dev.firn.daemon.pipeline.PipelineState;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

class LiveLineTest {
  private static final long NOW_SECONDS = 1000;

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final PipelineMeters meters =
      new PipelineMeters(registry, Clock.fixed(Instant.ofEpochSecond(NOW_SECONDS), ZoneOffset.UTC));
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final LiveLine line =
      new LiveLine(new PrintStream(out, true, StandardCharsets.UTF_8), true, registry);

  @Test
  void whatWasReadShowsBeforeTheFirstCheckpoint() {
    meters.on(new PipelineEvent.StreamedTo((NOW_SECONDS - 2) * 1_000_000, 1234));

    assertThat(shown(PipelineState.STREAMING))
        .contains("catching up")
        .contains("1,234 changes read")
        .contains("lag   2.0 s")
        .contains("0 in the replica by   0 checkpoints");
  }

  @Test
  void aCheckpointAtTheSourcesTimeEndsCatchingUp() {
    meters.on(new PipelineEvent.StreamedTo((NOW_SECONDS - 1) * 1_000_000, 1234));
    meters.on(
        new PipelineEvent.Checkpointed(
            1,
            PostgresPosition.at(1, 2),
            3,
            (NOW_SECONDS - 1) * 1_000_000,
            Duration.ofMillis(250),
            List.of(
                new PipelineEvent.TableWritten(
                    new TableId("public", "orders"), 1000, 200, 34, 0, 2, 1, 12345))));

    assertThat(shown(PipelineState.STREAMING))
        .doesNotContain("catching up")
        .contains("streaming")
        .contains("1,234 in the replica by   1 checkpoints");
  }

  @Test
  void aStreamFarBehindIsCatchingUp() {
    meters.on(
        new PipelineEvent.Checkpointed(
            1, PostgresPosition.at(1, 2), 3, 900_000_000, Duration.ofMillis(250), List.of()));
    meters.on(new PipelineEvent.StreamedTo((NOW_SECONDS - 60) * 1_000_000, 10));

    assertThat(shown(PipelineState.STREAMING)).contains("catching up").contains("1 min 0 s");
  }

  @Test
  void otherStatesShowAsTheyAre() {
    assertThat(shown(PipelineState.LOADING)).contains("loading");
  }

  private String shown(PipelineState state) {
    line.show(state, 7);
    return out.toString(StandardCharsets.UTF_8);
  }
}
