package dev.firn.daemon.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Simple;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReaderLimitsTest {
  private static final TableSchema OPENING =
      new TableSchema(
          new TableId("public", "opening"),
          1,
          2,
          List.of(
              new Column(1, "id", Simple.INT64, false, "bigint"),
              new Column(2, "opens", Simple.TIME, true, "time without time zone"),
              new Column(3, "breaks", new ColumnType.Array(Simple.TIME), true, "time[]"),
              new Column(4, "since", Simple.TIMESTAMP, true, "timestamp")),
          List.of(0));

  @Test
  void sparkRefusesTablesWithTimes() {
    assertThat(ReaderLimits.of(OPENING, List.of("trino", "spark")))
        .hasSize(2)
        .allSatisfy(limit -> assertThat(limit).contains("Spark does not support"))
        .satisfiesExactly(
            limit -> assertThat(limit).contains("column opens "),
            limit -> assertThat(limit).contains("column breaks "));
  }

  @Test
  void otherReadersTakeThem() {
    assertThat(ReaderLimits.of(OPENING, List.of("trino", "duckdb"))).isEmpty();
  }
}
