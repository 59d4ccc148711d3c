package dev.firn.e2e.reader;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ReplicaComparisonTest {
  private static final SourceTable.Column ID = new SourceTable.Column("id", "int8");
  private static final SourceTable.Column NAME = new SourceTable.Column("name", "text");
  private static final SourceTable TABLE =
      new SourceTable("public", "t", List.of(NAME, ID), List.of(ID));

  @Test
  void findsNothingWhereBothSidesAreEqual() throws Exception {
    assertThat(merge(List.of(row("a", "9"), row(null, "10")), row("a", "9"), row(null, "10")))
        .isEqualTo(new ReplicaComparison(2, List.of()));
  }

  @Test
  void namesAMissingRowAtTheEnd() throws Exception {
    assertThat(merge(List.of(row("a", "9"), row("b", "10")), row("a", "9")).differences())
        .containsExactly("missing [10]: [b, 10]");
  }

  @Test
  void namesAnExtraRowAtTheStart() throws Exception {
    assertThat(merge(List.of(row("a", "9")), row("b", "-1"), row("a", "9")).differences())
        .containsExactly("extra [-1]: [b, -1]");
  }

  @Test
  void namesARowThatIsThereTwice() throws Exception {
    assertThat(merge(List.of(row("a", "9")), row("a", "9"), row("old", "9")).differences())
        .containsExactly("twice [9]: [old, 9]");
  }

  @Test
  void tellsNullFromTheTextNull() throws Exception {
    assertThat(merge(List.of(row(null, "9")), row("null", "9")).differences())
        .containsExactly("different [9]: name is null and was read as null");
  }

  @Test
  void endsAtABoundedNumberOfDifferences() throws Exception {
    List<List<@Nullable String>> source = new ArrayList<>();
    for (int id = 0; id < 1_000; id++) {
      source.add(row("a", Integer.toString(id)));
    }

    assertThat(merge(source).differences()).hasSize(ReplicaComparison.MAX_DIFFERENCES);
  }

  @Test
  void ordersTextKeysByTheirBytesAsEnginesDo() {
    var order = KeyOrder.of(List.of(NAME));

    assertThat(order.compare(List.of("Z"), List.of("a"))).isNegative();
    assertThat(order.compare(List.of("\uFFFD"), List.of("😀"))).isNegative();
  }

  @SafeVarargs
  private static ReplicaComparison merge(
      List<List<@Nullable String>> source, List<@Nullable String>... replica) throws Exception {
    return ReplicaComparison.merge(TABLE, cursor(source), cursor(Arrays.asList(replica)));
  }

  private static List<@Nullable String> row(@Nullable String name, String id) {
    return Arrays.asList(name, id);
  }

  private static RowCursor cursor(List<List<@Nullable String>> rows) {
    Iterator<List<@Nullable String>> iterator = rows.iterator();
    return new RowCursor() {
      @Override
      public List<String> columns() {
        return List.of("name", "id");
      }

      @Override
      public @Nullable List<@Nullable String> next() {
        return iterator.hasNext() ? iterator.next() : null;
      }

      @Override
      public void close() {}
    };
  }
}
