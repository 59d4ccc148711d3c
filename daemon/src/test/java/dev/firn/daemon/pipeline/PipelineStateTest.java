package dev.firn.daemon.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PipelineStateTest {
  @Test
  void everyStateCanBeReachedAndEveryOneLeadsToAnEnd() {
    Set<PipelineState> reached = EnumSet.of(PipelineState.CREATED);
    for (int i = 0; i < PipelineState.values().length; i++) {
      Set<PipelineState> more = EnumSet.copyOf(reached);
      reached.forEach(state -> more.addAll(state.next()));
      reached = more;
    }
    assertThat(reached).containsExactlyInAnyOrder(PipelineState.values());
    assertThat(Arrays.stream(PipelineState.values()).filter(state -> !state.ended()))
        .allSatisfy(state -> assertThat(state.next()).contains(PipelineState.STOPPED));
  }

  @Test
  void nothingFollowsAnEnd() {
    assertThat(PipelineState.STOPPED.ended()).isTrue();
    assertThat(PipelineState.FAILED.ended()).isTrue();
    assertThat(PipelineState.STREAMING.ended()).isFalse();
  }

  @Test
  void aLostConnectionOpensTheReplicaAnew() {
    assertThat(PipelineState.RECONNECTING.next())
        .contains(PipelineState.OPENING)
        .doesNotContain(PipelineState.STREAMING);
  }
}
