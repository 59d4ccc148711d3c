package dev.firn.iceberg.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.row.Row;
import dev.firn.change.row.RowBuilder;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Simple;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class KeyIndexTest {
  private record Key(long high, long low) {}

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void holdsWhatAMapHolds(boolean narrow) {
    Random random = new Random(7);
    KeyIndex index = new HeapKeyIndex(narrow);
    Map<Key, Long> model = new HashMap<>();
    for (int i = 0; i < 400_000; i++) {
      Key key = new Key(narrow ? 0 : random.nextInt(3) - 1, random.nextInt(60_000) - 30_000);
      int dice = random.nextInt(10);
      Long expected;
      long actual;
      if (dice < 5) {
        long location = random.nextInt(9) == 0 ? -2 : random.nextLong() >>> 2;
        actual = index.put(key.high(), key.low(), location);
        expected = model.put(key, location);
      } else if (dice < 8) {
        actual = index.remove(key.high(), key.low());
        expected = model.remove(key);
      } else {
        actual = index.get(key.high(), key.low());
        expected = model.get(key);
      }
      assertThat(actual).isEqualTo(expected == null ? KeyIndex.NONE : expected);
    }
    assertThat(index.size()).isEqualTo(model.size());
    model.forEach(
        (key, location) -> assertThat(index.get(key.high(), key.low())).isEqualTo(location));
    index.clear();
    assertThat(index.size()).isZero();
    assertThat(index.get(0, 1)).isEqualTo(KeyIndex.NONE);
  }

  /** README's numbers. Each segment doubles once between half a million keys and a million. */
  @ParameterizedTest
  @CsvSource({"INT64, 21, 43", "UUID, 32, 64", "TEXT, 32, 64"})
  void takesAsManyBytesForEachRowAsTheReadmeSays(Simple type, int least, int most) {
    KeyCodec codec = KeyCodec.of(List.of(type));
    KeyIndex index = new HeapKeyIndex(codec.fitsLong());
    RowBuilder row = new RowBuilder();
    LongSummaryStatistics bytesPerThousand = new LongSummaryStatistics();
    for (int i = 1; i <= 1_000_000; i++) {
      row.begin(1);
      switch (type) {
        case INT64 -> row.setLong(0, i);
        case UUID -> row.setBytes(0, ByteBuffer.allocate(16).putLong(i).putLong(i).array());
        default -> row.setBytes(0, ("customer-" + i).getBytes(StandardCharsets.UTF_8));
      }
      codec.encode(row.build(), new int[] {0});
      assertThat(index.put(codec.high(), codec.low(), i)).isEqualTo(KeyIndex.NONE);
      if (i >= 500_000 && i % 1000 == 0) {
        bytesPerThousand.accept(index.memoryBytes() * 1000 / index.size());
      }
    }
    assertThat(bytesPerThousand.getMin()).isBetween(least * 1000L, bytesPerThousand.getMax());
    assertThat(bytesPerThousand.getMax()).isLessThanOrEqualTo(most * 1000L);
  }

  @Test
  void refusesTheLocationThatMeansNone() {
    KeyIndex index = new HeapKeyIndex(true);
    assertThatThrownBy(() -> index.put(0, 1, KeyIndex.NONE))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void keysOfFixedWidthAreExactUpToSixteenBytes() {
    assertThat(KeyCodec.of(List.of(Simple.INT64)).fitsLong()).isTrue();
    assertThat(KeyCodec.of(List.of(Simple.INT32, Simple.DATE)).fitsLong()).isTrue();
    assertThat(KeyCodec.of(List.of(new ColumnType.Decimal(18, 2))).fitsLong()).isTrue();
    KeyCodec uuid = KeyCodec.of(List.of(Simple.UUID));
    assertThat(uuid.isExact()).isTrue();
    assertThat(uuid.fitsLong()).isFalse();
    assertThat(KeyCodec.of(List.of(Simple.INT64, Simple.TIMESTAMP)).isExact()).isTrue();
    assertThat(KeyCodec.of(List.of(Simple.INT64, Simple.INT64, Simple.BOOL)).isExact()).isFalse();
    assertThat(KeyCodec.of(List.of(Simple.TEXT)).isExact()).isFalse();
  }

  @Test
  void exactKeysOfSeveralColumnsDiffer() {
    KeyCodec codec = KeyCodec.of(List.of(Simple.INT32, Simple.BOOL, Simple.INT64));
    Set<Key> seen = new HashSet<>();
    for (int first = -20; first < 20; first++) {
      for (int flag = 0; flag < 2; flag++) {
        for (long last : new long[] {Long.MIN_VALUE, -1, 0, 1, Long.MAX_VALUE}) {
          RowBuilder row = new RowBuilder().begin(4);
          row.setNull(0);
          row.setLong(1, last);
          row.setLong(2, first);
          row.setLong(3, flag);
          codec.encode(row.build(), new int[] {2, 3, 1});
          assertThat(seen.add(new Key(codec.high(), codec.low()))).isTrue();
        }
      }
    }
  }

  @Test
  void textKeysOfSeveralColumnsDoNotRunTogether() {
    KeyCodec codec = KeyCodec.of(List.of(Simple.TEXT, Simple.TEXT));
    assertThat(encode(codec, "ab", "c")).isNotEqualTo(encode(codec, "a", "bc"));
    assertThat(encode(codec.fork(), "ab", "c")).isEqualTo(encode(codec, "ab", "c"));
  }

  @Test
  void floatingPointZerosAndNansAreOneKeyEach() {
    KeyCodec codec = KeyCodec.of(List.of(Simple.FLOAT64));
    assertThat(encode(codec, -0.0)).isEqualTo(encode(codec, 0.0));
    assertThat(encode(codec, Double.longBitsToDouble(0x7ff8000000000001L)))
        .isEqualTo(encode(codec, Double.NaN));
    assertThat(encode(codec, 1.5)).isNotEqualTo(encode(codec, -1.5));
  }

  private static Key encode(KeyCodec codec, String one, String other) {
    RowBuilder row = new RowBuilder().begin(2);
    row.setBytes(0, one.getBytes(StandardCharsets.UTF_8));
    row.setBytes(1, other.getBytes(StandardCharsets.UTF_8));
    return encode(codec, row.build(), 0, 1);
  }

  private static Key encode(KeyCodec codec, double value) {
    RowBuilder row = new RowBuilder().begin(1);
    row.setDouble(0, value);
    return encode(codec, row.build(), 0);
  }

  private static Key encode(KeyCodec codec, Row row, int... columns) {
    codec.encode(row, columns);
    return new Key(codec.high(), codec.low());
  }
}
