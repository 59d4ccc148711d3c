package dev.firn.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.config.PartitionField.Transform;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class PartitionFieldTest {
  @Test
  void itsTextIsWhatTheConfigFileHas() {
    assertThat(text(Transform.IDENTITY, OptionalInt.empty())).isEqualTo("region");
    assertThat(text(Transform.DAY, OptionalInt.empty())).isEqualTo("day(region)");
    assertThat(text(Transform.BUCKET, OptionalInt.of(16))).isEqualTo("bucket(16, region)");
    assertThat(text(Transform.TRUNCATE, OptionalInt.of(4))).isEqualTo("truncate(4, region)");
  }

  private static String text(Transform transform, OptionalInt parameter) {
    return new PartitionField(transform, "region", parameter).toText();
  }
}
