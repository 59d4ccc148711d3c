package dev.firn.change.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class BackoffTest {
  @Test
  void saysNoAfterItsAttempts() throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(1), Duration.ofMillis(2), 3);

    assertThat(backoff.await()).isTrue();
    assertThat(backoff.await()).isTrue();
    assertThat(backoff.await()).isTrue();
    assertThat(backoff.await()).isFalse();
    assertThat(backoff.attempts()).isEqualTo(3);
  }

  @Test
  void anInterruptEndsTheWait() {
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> new Backoff(Duration.ofHours(1), Duration.ofHours(1), 1).await())
        .isInstanceOf(InterruptedException.class);
  }
}
