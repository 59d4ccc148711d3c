package dev.firn.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.fault.FirnException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class BoundedWaitTest {
  private static final Duration LONG = Duration.ofHours(1);

  @Test
  void anAnswerIsGiven() throws Exception {
    assertThat(BoundedWait.answer(LONG, () -> "yes", BoundedWaitTest::none)).isEqualTo("yes");
  }

  @Test
  void aFailureIsThrownAsItIs() {
    FirnException failure = new FirnException(FirnException.Kind.FENCED, "what", "mend");
    assertThatThrownBy(() ->
            BoundedWait.answer(
                LONG,
                () -> {
                  throw failure;
                },
                BoundedWaitTest::none))
        .isSameAs(failure);
  }

  @Test
  void whatDoesNotAnswerIsInterrupted() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    assertThatThrownBy(() ->
            BoundedWait.answer(
                Duration.ofMillis(100),
                () -> {
                  try {
                    never.await();
                  } catch (InterruptedException e) {
                    interrupted.countDown();
                    throw e;
                  }
                  return "";
                },
                BoundedWaitTest::none))
        .hasMessage("no answer");
    interrupted.await();
  }

  private static FirnException none() {
    return new FirnException(FirnException.Kind.REPLICA_UNREACHABLE, "no answer", "mend");
  }
}
