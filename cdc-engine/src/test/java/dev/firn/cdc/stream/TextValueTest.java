package dev.firn.cdc.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.row.RowBuilder;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Simple;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class TextValueTest {
  private static dev.firn.change.row.Row read(ColumnType type, String text) throws Unrepresentable {
    RowBuilder builder = new RowBuilder().begin(1);
    new TextValue(type).write(text, builder, 0);
    return builder.build();
  }

  private static long number(ColumnType type, String text) throws Unrepresentable {
    return read(type, text).getLong(0);
  }

  private static String hex(String text) throws Unrepresentable {
    return HexFormat.of().formatHex(read(Simple.BINARY, text).getBytes(0));
  }

  @Test
  void bothFormsOfByteaMeanTheSame() throws Exception {
    assertThat(hex("\\x00ff5c61")).isEqualTo("00ff5c61");
    assertThat(hex("\\000\\377\\\\a")).isEqualTo("00ff5c61");
    assertThat(hex("\\x")).isEmpty();
    assertThat(hex("")).isEmpty();
  }

  @Test
  void offsetsOfAnySignAndPrecisionAreTakenOff() throws Exception {
    long noon = 43_200_000_000L;
    assertThat(number(Simple.TIMESTAMP_TZ, "1970-01-01 12:00:00+00")).isEqualTo(noon);
    assertThat(number(Simple.TIMESTAMP_TZ, "1970-01-01 17:30:00+05:30")).isEqualTo(noon);
    assertThat(number(Simple.TIMESTAMP_TZ, "1970-01-01 04:00:00-08")).isEqualTo(noon);
    assertThat(number(Simple.TIMESTAMP_TZ, "1970-01-01 11:40:28-00:19:32")).isEqualTo(noon);
    assertThat(number(Simple.TIMESTAMP_TZ, "1969-12-31 23:59:59.999999+00")).isEqualTo(-1);
  }

  @Test
  void timestampsReachTheLastMicrosecondOfALong() throws Exception {
    assertThat(number(Simple.TIMESTAMP, "294247-01-10 04:00:54.775807")).isEqualTo(Long.MAX_VALUE);
    assertThatThrownBy(() -> number(Simple.TIMESTAMP, "294247-01-10 04:00:54.775808"))
        .isInstanceOf(Unrepresentable.class);
  }

  @Test
  void whatHasNoFormIsRefused() {
    for (String text : new String[] {"infinity", "-infinity", "0044-03-15 BC"}) {
      assertThatThrownBy(() -> read(Simple.DATE, text)).isInstanceOf(Unrepresentable.class);
    }
    for (String text :
        new String[] {
          "infinity", "-infinity", "0044-03-15 12:00:00 BC", "0044-03-15 12:00:00+00 BC"
        }) {
      assertThatThrownBy(() -> read(Simple.TIMESTAMP_TZ, text)).isInstanceOf(Unrepresentable.class);
    }
    for (String text : new String[] {"NaN", "Infinity", "-Infinity", "100.00", "0.001"}) {
      assertThatThrownBy(() -> read(new ColumnType.Decimal(4, 2), text))
          .isInstanceOf(Unrepresentable.class);
    }
    assertThatThrownBy(() -> read(new ColumnType.Array(Simple.INT32), "{{1,2},{3,4}}"))
        .isInstanceOf(Unrepresentable.class);
  }

  @Test
  void decimalsTakeTheColumnsScale() throws Exception {
    assertThat(number(new ColumnType.Decimal(4, 2), "-99.99")).isEqualTo(-9999);
    assertThat(number(new ColumnType.Decimal(4, 2), "5")).isEqualTo(500);
    assertThat(number(new ColumnType.Decimal(4, 2), "0.00")).isZero();
    assertThat(read(new ColumnType.Decimal(20, 0), "256").getBytes(0)).containsExactly(1, 0);
  }

  @Test
  void textThatIsNotOfTheTypeIsAnErrorAndNotAGuess() {
    assertThatThrownBy(() -> read(Simple.DATE, "01/02/2020"))
        .isInstanceOf(NumberFormatException.class);
    assertThatThrownBy(() -> read(Simple.TIMESTAMP, "2020-01-01"))
        .isInstanceOf(NumberFormatException.class);
    assertThatThrownBy(() -> read(Simple.BOOL, "true")).isInstanceOf(NumberFormatException.class);
  }
}
