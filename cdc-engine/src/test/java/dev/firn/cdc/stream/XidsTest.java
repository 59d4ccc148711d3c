package dev.firn.cdc.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class XidsTest {
  private static final long EPOCH = 1L << 32;

  @Test
  void idsAreExtendedToTheNearestOfTheReference() {
    assertThat(new Xids(1000).extend(900)).isEqualTo(900);
    assertThat(new Xids(3 * EPOCH + 1000).extend(900)).isEqualTo(3 * EPOCH + 900);
    assertThat(new Xids(3 * EPOCH + 10).extend(EPOCH - 5)).isEqualTo(3 * EPOCH - 5);
    assertThat(new Xids(3 * EPOCH - 5).extend(10)).isEqualTo(3 * EPOCH + 10);
    assertThat(new Xids(10).extend(EPOCH - 5))
        .as("there is nothing before the first epoch")
        .isEqualTo(EPOCH - 5);
  }

  @Test
  void theReferenceMovesAlong() {
    Xids xids = new Xids(5);
    long id = 5;
    for (int i = 0; i < 10; i++) {
      id += EPOCH / 4;
      assertThat(xids.extend(id & (EPOCH - 1))).isEqualTo(id);
    }
  }
}
