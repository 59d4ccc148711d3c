package dev.firn.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BoundedStopTest {
  private static final Duration SHORT = Duration.ofMillis(1);
  private static final Duration LONG = Duration.ofHours(1);

  private final AtomicBoolean endedAtOnce = new AtomicBoolean();
  private final CountDownLatch never = new CountDownLatch(1);

  @Test
  void workThatEndsInOrderIsNotInterrupted() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    AtomicBoolean sawInterrupt = new AtomicBoolean();
    Thread worker = Thread.ofPlatform().unstarted(() -> {});
    BoundedStop stop = stop(worker, LONG, LONG);
    Thread work =
        Thread.ofPlatform()
            .start(() -> {
              try (stop) {
                asked.await();
              } catch (InterruptedException e) {
                sawInterrupt.set(true);
              }
            });

    stop.begin(asked::countDown);

    work.join();
    assertThat(sawInterrupt).isFalse();
    assertThat(stop.interruptedIt()).isFalse();
    assertThat(endedAtOnce).isFalse();
  }

  @Test
  void workThatDoesNotEndInOrderIsInterrupted() throws Exception {
    AtomicBoolean sawInterrupt = new AtomicBoolean();
    CountDownLatch made = new CountDownLatch(1);
    BoundedStop[] stop = new BoundedStop[1];
    Thread worker =
        Thread.ofPlatform()
            .unstarted(() -> {
              try (BoundedStop mine = stop[0]) {
                made.countDown();
                never.await();
              } catch (InterruptedException e) {
                sawInterrupt.set(true);
              }
            });
    stop[0] = stop(worker, SHORT, LONG);
    worker.start();
    made.await();

    stop[0].begin(() -> {});

    worker.join();
    assertThat(sawInterrupt).isTrue();
    assertThat(stop[0].interruptedIt()).isTrue();
    assertThat(endedAtOnce).isFalse();
  }

  @Test
  void whatDoesNotEndWhenInterruptedEndsWithTheProcess() {
    BoundedStop stop = stop(Thread.ofPlatform().unstarted(() -> {}), SHORT, SHORT);
    stop.begin(() -> {});
    assertThat(endedAtOnce).isTrue();
  }

  @Test
  void aSecondStopDoesNothing() {
    AtomicInteger asked = new AtomicInteger();
    BoundedStop stop = stop(Thread.ofPlatform().unstarted(() -> {}), SHORT, SHORT);
    stop.begin(asked::incrementAndGet);
    stop.begin(asked::incrementAndGet);
    assertThat(asked).hasValue(1);
  }

  @Test
  void theLimitsAreBelowTheGraceOfTheComposeFile() throws Exception {
    String compose = Files.readString(Path.of("../docker-compose.yml"));
    assertThat(compose).contains("stop_grace_period: 60s");
    assertThat(BoundedStop.Limits.DEFAULT.inAll()).isLessThan(Duration.ofSeconds(60));
  }

  private BoundedStop stop(Thread worker, Duration inOrder, Duration inAll) {
    return new BoundedStop(
        worker, new BoundedStop.Limits(inOrder, inAll), () -> endedAtOnce.set(true));
  }
}
