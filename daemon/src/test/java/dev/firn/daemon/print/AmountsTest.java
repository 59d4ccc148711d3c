package dev.firn.daemon.print;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AmountsTest {
  @Test
  void oneOfAThingIsNoPlural() {
    assertThat(Amounts.of(0, "table")).isEqualTo("0 tables");
    assertThat(Amounts.of(1, "row change")).isEqualTo("1 row change");
    assertThat(Amounts.of(1200, "row change")).isEqualTo("1,200 row changes");
  }
}
