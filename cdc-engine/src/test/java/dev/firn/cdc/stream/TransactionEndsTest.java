package dev.firn.cdc.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TransactionEndsTest {
  @Test
  void transactionsWithoutRecordsArePassedOver() {
    TransactionEnds ends = new TransactionEnds(500);
    for (int i = 1; i <= 40; i++) {
      ends.add(i, 10L * i);
    }
    assertThat(ends.endOf(1)).hasValue(10);
    assertThat(ends.endOf(5)).hasValue(50);
    assertThat(ends.endOf(40)).hasValue(400);
    assertThat(ends.endOf(41)).isEmpty();
  }

  @Test
  void aTransactionBeyondTakesNoneOfTheOthersAway() {
    TransactionEnds ends = new TransactionEnds(500);
    ends.add(9, 90);
    assertThat(ends.endOf(10)).isEmpty();
    assertThat(ends.endOf(9)).hasValue(90);
    assertThat(ends.endOf(9)).as("each is asked for once").isEmpty();
  }
}
