package dev.firn.daemon.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ReconnectsTest {
  @Test
  void noWaitIsLongerThanTheCap() {
    Reconnects reconnects =
        new Reconnects(Duration.ofMillis(500), Duration.ofSeconds(30), Duration.ofHours(1));
    for (int i = 0; i < 100; i++) {
      assertThat(reconnects.failed()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(30));
    }
  }

  @Test
  void givesUpWhenNothingWorkedForTheStatedTimeAndBeginsAnewWhenItDid() {
    Reconnects reconnects =
        new Reconnects(Duration.ofMillis(1), Duration.ofMillis(2), Duration.ZERO);
    assertThat(reconnects.failed()).isPositive();
    assertThat(reconnects.failed()).isZero();
    reconnects.worked();
    assertThat(reconnects.failed()).isPositive();
  }

  @Test
  void aStopEndsTheWait() throws Exception {
    CountDownLatch stop = new CountDownLatch(1);
    stop.countDown();
    assertThat(Reconnects.await(Duration.ofHours(1), stop)).isTrue();
  }
}
