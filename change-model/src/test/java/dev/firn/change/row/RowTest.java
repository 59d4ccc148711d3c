package dev.firn.change.row;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class RowTest {
  @Test
  void holdsEachFormNullsAndUnchangedMarks() {
    RowBuilder builder = new RowBuilder().begin(6);
    builder.setBytes(4, "zwölf".getBytes(UTF_8));
    builder.setLong(0, Long.MIN_VALUE);
    builder.setFloat(1, -0.0f);
    builder.setDouble(2, Double.NaN);
    builder.setNull(3);
    builder.setUnchanged(5);
    Row row = builder.build();

    assertThat(row.columnCount()).isEqualTo(6);
    assertThat(row.getLong(0)).isEqualTo(Long.MIN_VALUE);
    assertThat(Float.floatToRawIntBits(row.getFloat(1))).isEqualTo(Float.floatToRawIntBits(-0.0f));
    assertThat(row.getDouble(2)).isNaN();
    assertThat(row.isNull(3)).isTrue();
    assertThat(row.isUnchanged(3)).isFalse();
    assertThat(row.getText(4)).isEqualTo("zwölf");
    assertThat(row.isUnchanged(5)).isTrue();
    assertThat(row.isNull(5)).isFalse();
    assertThat(row.hasUnchanged()).isTrue();
  }

  @Test
  void anEmptyTextIsNotNull() {
    RowBuilder builder = new RowBuilder().begin(1);
    builder.setBytes(0, new byte[0]);
    Row row = builder.build();

    assertThat(row.isNull(0)).isFalse();
    assertThat(row.getBytes(0)).isEmpty();
  }

  @Test
  void marksStayApartBeyondSixtyFourColumns() {
    int columns = 1600;
    RowBuilder builder = new RowBuilder().begin(columns);
    for (int c = 0; c < columns; c++) {
      switch (c % 3) {
        case 0 -> builder.setNull(c);
        case 1 -> builder.setUnchanged(c);
        default -> builder.setLong(c, c);
      }
    }
    Row row = builder.build();

    for (int c = 0; c < columns; c++) {
      assertThat(row.isNull(c)).as("column %s", c).isEqualTo(c % 3 == 0);
      assertThat(row.isUnchanged(c)).as("column %s", c).isEqualTo(c % 3 == 1);
      assertThat(row.getLong(c)).as("column %s", c).isEqualTo(c % 3 == 2 ? c : 0);
    }
  }

  @Test
  void aColumnLeftOutOrSetTwiceIsRefused() {
    RowBuilder builder = new RowBuilder().begin(2);
    builder.setLong(1, 7);

    assertThatThrownBy(builder::build).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> builder.setNull(1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> builder.setNull(2)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void aBuilderForgetsTheRowBefore() {
    RowBuilder builder = new RowBuilder().begin(2);
    builder.setUnchanged(0);
    builder.setBytes(1, new byte[5000]);
    builder.build();
    builder.begin(2);
    builder.setLong(0, 1);
    builder.setNull(1);
    Row row = builder.build();

    assertThat(row.hasUnchanged()).isFalse();
    assertThat(row.isNull(0)).isFalse();
    assertThat(row.sizeBytes()).isEqualTo(8 + 16 + 16);
  }

  @Test
  void aRowAboveTheBoundIsCountedAndNotBuilt() {
    RowBuilder builder = new RowBuilder(1000);
    builder.begin(3);
    builder.setText(0, "x".repeat(900));
    builder.setLong(1, 7);
    builder.setNull(2);
    Row whole = builder.build();
    assertThat(whole.getText(0)).isEqualTo("x".repeat(900));
    int header = whole.sizeBytes() - 900;

    builder.begin(3);
    builder.setText(0, "é".repeat(2 << 20));
    builder.setLong(1, 7);
    builder.setBytes(2, new byte[10]);
    assertThatThrownBy(builder::build)
        .isInstanceOf(RowTooLargeException.class)
        .hasMessage("a row of " + (header + (4 << 20) + 10) + " bytes, where 1000 are the most");

    builder.begin(1);
    builder.setText(0, "small again");
    assertThat(builder.build().getText(0)).isEqualTo("small again");
  }

  @Test
  void largeTextsAreEncodedAsSmallOnesAre() {
    for (String unit : List.of("a", "é", "雪", "🐎", "a雪é🐎", "\ud800a")) {
      String text = unit.repeat((1 << 20) / unit.length() + 1);
      RowBuilder builder = new RowBuilder().begin(2);
      builder.setText(0, text);
      builder.setText(1, unit);
      Row row = builder.build();
      assertThat(row.getBytes(0)).isEqualTo(text.getBytes(StandardCharsets.UTF_8));
      assertThat(row.getBytes(1)).isEqualTo(unit.getBytes(StandardCharsets.UTF_8));
    }
  }

  @Test
  void anArenaGivesBackEveryRowAlsoOnesLargerThanItsPages() {
    Random random = new Random(7);
    RowArena arena = new RowArena();
    RowBuilder builder = new RowBuilder();
    List<Long> references = new ArrayList<>();
    List<byte[]> values = new ArrayList<>();
    for (int i = 0; i < 3000; i++) {
      byte[] value = new byte[i % 1000 == 999 ? 3 << 20 : random.nextInt(2000)];
      random.nextBytes(value);
      builder.begin(2);
      builder.setLong(0, i);
      builder.setBytes(1, value);
      references.add(arena.add(builder.build()));
      values.add(value);
    }

    for (int i = 0; i < 3000; i++) {
      Row row = arena.get(references.get(i));
      assertThat(row.getLong(0)).isEqualTo(i);
      assertThat(row.getBytes(1)).isEqualTo(values.get(i));
    }
    assertThat(references).isSorted();
    assertThat(arena.sizeBytes()).isGreaterThan(9L << 20);
    arena.clear();
    assertThat(arena.sizeBytes()).isZero();
  }

  @Test
  void copiedColumnsAreTheSameValues() {
    RowBuilder from = new RowBuilder().begin(4);
    from.setLong(0, 5);
    from.setBytes(1, "abc".getBytes(UTF_8));
    from.setNull(2);
    from.setUnchanged(3);
    Row source = from.build();
    RowBuilder to = new RowBuilder().begin(4);
    for (int c = 0; c < 4; c++) {
      to.copy(c, source, c, c == 1);
    }
    Row target = to.build();

    for (int c = 0; c < 4; c++) {
      assertThat(target.sameValue(c, source, c, c == 1)).as("column %s", c).isTrue();
    }
    assertThat(target.sameValue(0, source, 2, false)).isFalse();
  }

  @Test
  void arraysComeBackElementByElement() {
    ArrayValue.Builder array = new ArrayValue.Builder().begin();
    array.addBytes("a".getBytes(UTF_8), 0, 1);
    array.addNull();
    array.addBytes(new byte[0], 0, 0);
    array.addBytes(new byte[1000], 0, 1000);
    RowBuilder builder = new RowBuilder().begin(2);
    array.writeTo(builder, 1);
    array.begin().addLong(-3);
    array.addDouble(0.5);
    array.addFloat(1.5f);
    array.writeTo(builder, 0);
    Row row = builder.build();

    ArrayValue.Reader texts = new ArrayValue.Reader(row, 1);
    assertThat(texts.count()).isEqualTo(4);
    assertThat(texts.next()).isTrue();
    assertThat(texts.isNull()).isFalse();
    assertThat(texts.array()[texts.bytesOffset()]).isEqualTo((byte) 'a');
    assertThat(texts.next()).isTrue();
    assertThat(texts.isNull()).isTrue();
    assertThat(texts.next()).isTrue();
    assertThat(texts.bytesLength()).isZero();
    assertThat(texts.next()).isTrue();
    assertThat(texts.bytesLength()).isEqualTo(1000);
    assertThat(texts.next()).isFalse();
    ArrayValue.Reader numbers = new ArrayValue.Reader(row, 0);
    assertThat(numbers.next() && numbers.getLong() == -3).isTrue();
    assertThat(numbers.next() && numbers.getDouble() == 0.5).isTrue();
    assertThat(numbers.next() && numbers.getFloat() == 1.5f).isTrue();
    assertThat(numbers.next()).isFalse();
  }
}
