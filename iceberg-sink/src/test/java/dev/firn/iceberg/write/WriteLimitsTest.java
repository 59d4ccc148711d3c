package dev.firn.iceberg.write;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WriteLimitsTest {
  @ParameterizedTest
  @CsvSource({"256, 2", "1024, 4", "2048, 8", "65536, 16"})
  void theFilesOfALoadHoldAQuarterOfTheHeapAtMost(long heapMegabytes, int files) {
    assertThat(WriteLimits.of(heapMegabytes << 20).openFiles()).isEqualTo(files);
  }
}
