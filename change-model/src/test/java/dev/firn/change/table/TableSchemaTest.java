package dev.firn.change.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.table.ColumnType.Form;
import dev.firn.change.table.ColumnType.Simple;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TableSchemaTest {
  private static final TableId ORDERS = new TableId("public", "orders");
  private static final Column ID = new Column(1, "id", Simple.INT64, false, "bigint");
  private static final Column NOTE = new Column(4, "note", Simple.TEXT, true, "text");

  @Test
  void keyColumnsComeInTheKeysOrder() {
    Column line = new Column(2, "line", Simple.INT32, false, "integer");
    TableSchema table =
        new TableSchema(ORDERS, 16384, 16390, List.of(ID, line, NOTE), List.of(1, 0));

    assertThat(table.keyColumns()).containsExactly(line, ID);
    assertThat(table.indexOf("note")).hasValue(2);
    assertThat(table.indexOf("Note")).isEmpty();
  }

  @Test
  void aTableWithoutKeyOrWithARepeatedColumnIsRefused() {
    assertThatThrownBy(() -> new TableSchema(ORDERS, 1, 2, List.of(ID), List.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new TableSchema(ORDERS, 1, 2, List.of(ID, ID), List.of(0)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new TableSchema(ORDERS, 1, 2, List.of(ID), List.of(0, 0)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new TableSchema(ORDERS, 1, 2, List.of(ID), List.of(1)))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void decimalsFitALongUpToEighteenDigits() {
    assertThat(new ColumnType.Decimal(18, 4).form()).isEqualTo(Form.LONG);
    assertThat(new ColumnType.Decimal(19, 4).form()).isEqualTo(Form.BYTES);
    assertThatThrownBy(() -> new ColumnType.Decimal(39, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ColumnType.Decimal(5, 6))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
