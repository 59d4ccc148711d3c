package dev.firn.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ReaderTest {
  @Test
  void theNewestFormatThatAllReadIsTaken() {
    assertThat(Reader.format(List.of(Reader.SPARK, Reader.TRINO, Reader.SNOWFLAKE)))
        .isEqualTo(OptionalInt.of(3));
    assertThat(Reader.format(List.of(Reader.SPARK, Reader.ATHENA))).isEqualTo(OptionalInt.of(2));
    assertThat(Reader.format(List.of(Reader.DATABRICKS))).isEqualTo(OptionalInt.of(3));
    assertThat(Reader.format(List.of(Reader.DATABRICKS, Reader.ATHENA))).isEmpty();
  }

  @Test
  void everyEngineReadsAFormatAndHasASource() {
    assertThat(Reader.values())
        .allSatisfy(reader -> {
          assertThat(reader.reads(2) || reader.reads(3)).isTrue();
          assertThat(reader.version()).isNotBlank();
          assertThat(reader.source().text()).matches("(?s)(https://|Firn's |tried by hand ).*");
          assertThat(Reader.of(reader.engine())).hasValue(reader);
        });
    assertThat(Reader.of("SPARK")).isEmpty();
  }

  @Test
  void whatOurTestsReadIsSaidToBeTested() {
    assertThat(Arrays.stream(Reader.values()).filter(Reader::tested))
        .containsExactly(Reader.SPARK, Reader.TRINO);
  }
}
