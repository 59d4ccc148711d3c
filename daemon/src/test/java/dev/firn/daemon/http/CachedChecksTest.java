package dev.firn.daemon.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.FirnException;
import dev.firn.change.health.Check;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CachedChecksTest {
  private static final Duration LONG = Duration.ofHours(1);
  private static final Duration PATIENT = Duration.ofMinutes(1);

  private final AtomicInteger looks = new AtomicInteger();

  private List<Check> look() {
    return List.of(Check.ok("part", "look " + looks.incrementAndGet()));
  }

  @Test
  void aLookIsNotMadeAgainWhileItsResultIsKept() {
    try (CachedChecks checks = new CachedChecks("part", LONG, PATIENT, this::look)) {
      assertThat(checks.get()).containsExactly(Check.ok("part", "look 1"));
      assertThat(checks.get()).containsExactly(Check.ok("part", "look 1"));
    }
  }

  @Test
  void aResultThatIsTooOldIsMadeAgain() {
    try (CachedChecks checks = new CachedChecks("part", Duration.ZERO, PATIENT, this::look)) {
      assertThat(checks.get()).containsExactly(Check.ok("part", "look 1"));
      assertThat(checks.get()).containsExactly(Check.ok("part", "look 2"));
    }
  }

  @Test
  void aLookThatDoesNotEndIsReportedAndNoneIsBegunBesideIt() {
    CountDownLatch never = new CountDownLatch(1);
    try (CachedChecks checks =
        new CachedChecks(
            "part",
            Duration.ZERO,
            Duration.ofMillis(1),
            () -> {
              looks.incrementAndGet();
              never.await();
              return List.of();
            })) {
      for (int i = 0; i < 3; i++) {
        assertThat(checks.get())
            .singleElement()
            .satisfies(check -> {
              assertThat(check.outcome()).isEqualTo(Check.Outcome.FAILED);
              assertThat(check.detail()).contains("no answer within 1 ms");
            });
      }
      assertThat(looks.get()).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void aLookThatFailsSaysWhyAndWhatToDo() {
    try (CachedChecks checks =
        new CachedChecks(
            "part",
            LONG,
            PATIENT,
            () -> {
              throw new FirnException(
                  FirnException.Kind.SOURCE_UNREACHABLE, "db:1 is gone", "start it");
            })) {
      assertThat(checks.get()).containsExactly(Check.failed("part", "db:1 is gone", "start it"));
    }
  }
}
