package dev.firn.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.row.Row;
import dev.firn.change.row.RowBuilder;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType.Simple;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowComparisonTest {
  private static final TableSchema ITEMS =
      new TableSchema(
          new TableId("public", "items"),
          1,
          2,
          List.of(
              new Column(1, "note", Simple.TEXT, true, "text"),
              new Column(2, "name", Simple.TEXT, false, "text"),
              new Column(3, "line", Simple.INT32, false, "integer"),
              new Column(4, "weight", Simple.FLOAT64, true, "double precision")),
          List.of(2, 1));

  @TempDir Path folder;

  @Test
  void equalSidesAreEqualWhateverOrderTheyArriveIn() {
    List<Row> rows = rows(500);
    List<Row> shuffled = new ArrayList<>(rows);
    java.util.Collections.shuffle(shuffled, new Random(7));

    RowComparison.Result result = compare(rows, shuffled, 1 << 20);

    assertThat(result.equal()).isTrue();
    assertThat(result.sourceRows()).isEqualTo(500);
    assertThat(result.replicaRows()).isEqualTo(500);
    assertThat(result.findings()).isEmpty();
  }

  @Test
  void aRowThatTheReplicaLacksIsMissing() {
    List<Row> replica = rows(10);
    replica.remove(3);

    RowComparison.Result result = compare(rows(10), replica, 1 << 20);

    assertThat(result.missing()).isEqualTo(1);
    assertThat(result.equal()).isFalse();
    assertThat(result.findings()).containsExactly(new Finding.Missing("line=3, name=n3"));
  }

  @Test
  void aRowThatOnlyTheReplicaHasIsExtra() {
    List<Row> source = rows(10);
    source.remove(9);

    RowComparison.Result result = compare(source, rows(10), 1 << 20);

    assertThat(result.extra()).isEqualTo(1);
    assertThat(result.findings()).containsExactly(new Finding.Extra("line=9, name=n9"));
  }

  @Test
  void aChangedValueNamesItsColumns() {
    List<Row> replica = rows(10);
    replica.set(4, row(4, "n4", "other", 4.5));

    RowComparison.Result result = compare(rows(10), replica, 1 << 20);

    assertThat(result.different()).isEqualTo(1);
    assertThat(result.findings())
        .containsExactly(new Finding.Different("line=4, name=n4", List.of("note", "weight")));
  }

  @Test
  void nullIsNotTheEmptyText() {
    List<Row> source = List.of(row(1, "a", null, 0));
    List<Row> replica = List.of(row(1, "a", "", 0));

    assertThat(compare(source, replica, 1 << 20).findings())
        .containsExactly(new Finding.Different("line=1, name=a", List.of("note")));
  }

  @Test
  void aSecondRowOfOneKeyIsADuplicate() {
    List<Row> replica = rows(3);
    replica.add(row(1, "n1", "again", 1));

    RowComparison.Result result = compare(rows(3), replica, 1 << 20);

    assertThat(result.duplicate()).isEqualTo(1);
    assertThat(result.equal()).isFalse();
  }

  @Test
  void findingsAreBoundedAndStillCounted() {
    RowComparison.Result result = compare(rows(100), List.of(), 1 << 20);

    assertThat(result.missing()).isEqualTo(100);
    assertThat(result.findings()).hasSize(5);
  }

  @Test
  void tablesLargerThanTheMemoryAreSpilledAndTheFilesGone() throws Exception {
    List<Row> source = rows(20_000);
    List<Row> replica = rows(20_000);
    replica.set(17_000, row(17_000, "n17000", "other", 17_000));
    replica.remove(12_345);

    RowComparison.Result result = compare(source, replica, 1 << 18);

    assertThat(result.sourceRows()).isEqualTo(20_000);
    assertThat(result.findings())
        .containsExactly(
            new Finding.Missing("line=12345, name=n12345"),
            new Finding.Different("line=17000, name=n17000", List.of("note")));
    try (var left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  private RowComparison.Result compare(List<Row> source, List<Row> replica, long memoryBytes) {
    try (RowSort left = new RowSort(ITEMS, folder, memoryBytes);
        RowSort right = new RowSort(ITEMS, folder, memoryBytes)) {
      source.forEach(left::add);
      replica.forEach(right::add);
      return RowComparison.compare(ITEMS, left.sorted(), right.sorted(), 5);
    }
  }

  private static List<Row> rows(int count) {
    return new ArrayList<>(
        IntStream.range(0, count).mapToObj(i -> row(i, "n" + i, "note " + i, i)).toList());
  }

  private static Row row(int line, String name, @Nullable String note, double weight) {
    RowBuilder builder = new RowBuilder().begin(4);
    if (note == null) {
      builder.setNull(0);
    } else {
      builder.setBytes(0, note.getBytes(StandardCharsets.UTF_8));
    }
    builder.setBytes(1, name.getBytes(StandardCharsets.UTF_8));
    builder.setLong(2, line);
    builder.setDouble(3, weight);
    return builder.build().copy();
  }
}
