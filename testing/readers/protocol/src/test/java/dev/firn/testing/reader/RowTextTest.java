package dev.firn.testing.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class RowTextTest {
  @Test
  void nullHasNoText() {
    assertThat(RowText.of(null)).isNull();
  }

  @Test
  void integersHaveOneTextWhateverTheirWidth() {
    assertThat(List.of((byte) -5, (short) -5, -5, -5L)).extracting(RowText::of).containsOnly("-5");
  }

  @Test
  void fixedPointNumbersKeepTheirScale() {
    assertThat(RowText.of(new BigDecimal("1E+3").setScale(2))).isEqualTo("1000.00");
    assertThat(RowText.of(new BigDecimal("0.0000000001"))).isEqualTo("0.0000000001");
  }

  @Test
  void ieeeNumbersTellEveryBitPatternThatDatabasesTell() {
    assertThat(RowText.of(0.1f)).isEqualTo("0.1");
    assertThat(RowText.of(2.0E-3d)).isEqualTo("0.002");
    assertThat(RowText.of(0.0d)).isNotEqualTo(RowText.of(-0.0d));
    assertThat(RowText.of(Double.NaN)).isEqualTo("NaN");
    assertThat(RowText.of(Float.NEGATIVE_INFINITY)).isEqualTo("-Infinity");
    assertThat(RowText.of(0.1d)).isNotEqualTo(RowText.of((double) 0.1f));
  }

  @Test
  void timesHaveSixDigits() {
    assertThat(RowText.of(LocalDate.of(2024, 2, 29))).isEqualTo("2024-02-29");
    assertThat(RowText.of(LocalTime.of(1, 2))).isEqualTo("01:02:00.000000");
    assertThat(RowText.of(LocalDateTime.of(2024, 2, 29, 1, 2, 3, 4_000)))
        .isEqualTo("2024-02-29T01:02:03.000004");
  }

  @Test
  void instantsAreInUtcWhateverTheirOffset() {
    assertThat(RowText.of(OffsetDateTime.of(2024, 1, 1, 1, 0, 0, 0, ZoneOffset.ofHours(2))))
        .isEqualTo("2023-12-31T23:00:00.000000Z")
        .isEqualTo(RowText.of(Instant.parse("2023-12-31T23:00:00Z")));
  }

  @Test
  void nanosecondsAreRefusedRatherThanCut() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RowText.of(LocalDateTime.of(2024, 1, 1, 0, 0, 0, 1)))
        .withMessageContaining("finer than a microsecond");
  }

  @Test
  void bytesAreHexadecimalAndABufferKeepsItsPlace() {
    ByteBuffer buffer = ByteBuffer.wrap(new byte[] {9, 0, (byte) 0xAB}).position(1);

    assertThat(RowText.of(buffer)).isEqualTo("00ab").isEqualTo(RowText.of(new byte[] {0, -85}));
    assertThat(buffer.position()).isEqualTo(1);
  }

  @Test
  void uuidsAndTextAreThemselves() {
    assertThat(RowText.of(new UUID(-1, 1))).isEqualTo("ffffffff-ffff-ffff-0000-000000000001");
    assertThat(RowText.of("null")).isEqualTo("null");
  }

  @Test
  void arraysTellTheirElementsApart() {
    assertThat(RowText.of(Arrays.asList(1, null, 3))).isEqualTo("[\"1\",null,\"3\"]");
    assertThat(RowText.of(new Object[] {"a\",\"b"})).isEqualTo("[\"a\\\",\\\"b\"]");
    assertThat(RowText.of(List.of("null"))).isNotEqualTo(RowText.of(Arrays.asList((Object) null)));
    assertThat(RowText.of(List.of())).isEqualTo("[]");
  }

  @Test
  void otherTypesAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RowText.of(new StringBuilder()))
        .withMessageContaining("java.lang.StringBuilder");
  }
}
