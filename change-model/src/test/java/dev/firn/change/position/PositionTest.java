package dev.firn.change.position;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PositionTest {
  private static final PostgresPosition AT =
      new PostgresPosition(0x16_B374D848L, 7123, List.of(7140L, (1L << 40) + 3));

  @Test
  void textReadsBackAsTheSamePosition() {
    assertThat(AT.toText()).isEqualTo("pg:16/B374D848:7123+7140+1099511627779");
    assertThat(Position.parse(AT.toText())).isEqualTo(AT);
    assertThat(Position.parse("pg:0/0:0")).isEqualTo(PostgresPosition.at(0, 0));
    assertThat(Position.parse("pg:FFFFFFFF/FFFFFFFE:1")).isEqualTo(PostgresPosition.at(-2, 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "pg:", "pg:1:2", "pg:1/2", "pg:1/2:", "pg:1/2:x", "16/B:1", "pg:/2:1"})
  void otherTextIsRefused(String text) {
    assertThatThrownBy(() -> Position.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void coversWhatEndedByThenTheLastTransactionAndThoseAppliedBeyond() {
    assertThat(AT.covers(transaction(1, AT.lsn()))).isTrue();
    assertThat(AT.covers(transaction(1, AT.lsn() + 1))).isFalse();
    assertThat(AT.covers(transaction(7123, AT.lsn() + 100))).isTrue();
    assertThat(AT.covers(transaction(7140, AT.lsn() + 100))).isTrue();
    assertThat(AT.covers(new PostgresTransaction(8000, OptionalLong.empty()))).isFalse();
    assertThat(AT.covers(new PostgresTransaction(7123, OptionalLong.empty()))).isTrue();
  }

  @Test
  void lsnsAreUnsigned() {
    PostgresPosition far = PostgresPosition.at(-1L, 1);

    assertThat(far.isAtOrAfter(AT)).isTrue();
    assertThat(AT.isAtOrAfter(far)).isFalse();
    assertThat(far.covers(transaction(2, 5))).isTrue();
    assertThat(AT.covers(transaction(2, -5L))).isFalse();
  }

  @Test
  void aSnapshotShowsWhatHadEndedAndNothingAtOrAboveItsXmax() {
    TransactionSnapshot snapshot = TransactionSnapshot.parse("10:20:12,15");

    assertThat(snapshot.shows(9)).isTrue();
    assertThat(snapshot.shows(10)).isTrue();
    assertThat(snapshot.shows(12)).isFalse();
    assertThat(snapshot.shows(15)).isFalse();
    assertThat(snapshot.shows(19)).isTrue();
    assertThat(snapshot.shows(20)).isFalse();
    assertThat(snapshot.shows(21)).isFalse();
    assertThat(snapshot).hasToString("10:20:12,15");
    assertThat(TransactionSnapshot.parse("10:10:")).hasToString("10:10:");
  }

  @Test
  void aFrontierAppliesWhatItsCopyDidNotShow() {
    Frontier loaded = Frontier.parse("all@10:20:12");

    assertThat(loaded.applies(transaction(12, 5))).isTrue();
    assertThat(loaded.applies(transaction(11, 5))).isFalse();
    assertThat(loaded.applies(transaction(20, 5))).isTrue();
    assertThat(loaded.toText()).isEqualTo("all@10:20:12");
    assertThat(Frontier.parse("none").applies(transaction(99, 5))).isFalse();
    assertThat(Frontier.parse("none").toText()).isEqualTo("none");
    assertThatThrownBy(() -> Frontier.parse("half")).isInstanceOf(IllegalArgumentException.class);
  }

  private static PostgresTransaction transaction(long xid, long end) {
    return new PostgresTransaction(xid, OptionalLong.of(end));
  }
}
