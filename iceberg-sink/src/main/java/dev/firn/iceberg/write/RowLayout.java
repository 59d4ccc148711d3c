package dev.firn.iceberg.write;

import dev.firn.change.fault.FirnException;
import dev.firn.change.table.Column;
import dev.firn.change.table.TableSchema;
import dev.firn.iceberg.schema.ColumnLineage;
import dev.firn.iceberg.schema.IcebergTables;
import java.util.Arrays;
import java.util.List;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.types.Types;

/**
 * Which Iceberg field holds which column of a row.
 *
 * @param table the rows' shape
 * @param schema the Iceberg table's
 * @param fieldIds the Iceberg field id of each column of a row
 */
record RowLayout(TableSchema table, Schema schema, List<Integer> fieldIds) {
  RowLayout {
    fieldIds = List.copyOf(fieldIds);
  }

  static RowLayout of(Table iceberg, TableSchema table) {
    IcebergTables.requireSameShape(iceberg, table);
    ColumnLineage lineage = IcebergTables.lineage(iceberg, table.id());
    return new RowLayout(
        table,
        iceberg.schema(),
        table.columns().stream().map(column -> fieldId(lineage, table, column)).toList());
  }

  private static int fieldId(ColumnLineage lineage, TableSchema table, Column column) {
    Integer id = lineage.fieldId(column.id());
    if (id == null) {
      throw new FirnException(
          FirnException.Kind.REPLICA_UNFIT,
          "column " + column.name() + " of table " + table.id() + " has no Iceberg field",
          "drop the Iceberg table and start Firn again: it loads the table anew");
    }
    return id;
  }

  /** The row's column that a field holds, or -1 where no column does. */
  int columnOf(int fieldId) {
    return fieldIds.indexOf(fieldId);
  }

  /** The row's column for each top-level field of the Iceberg schema, -1 where there is none. */
  int[] columnsOfFields() {
    return schema.columns().stream().mapToInt(field -> columnOf(field.fieldId())).toArray();
  }

  /** The key's columns in a row, in the key's order. */
  int[] keyColumns() {
    return table.key().stream().mapToInt(Integer::intValue).toArray();
  }

  /** The columns with these indexes as a reader finds them in a file. */
  ParquetRows.Column[] fileColumns(int[] columns) {
    return Arrays.stream(columns)
        .mapToObj(column -> {
          Types.NestedField field = schema.findField(fieldIds.get(column));
          return new ParquetRows.Column(field.fieldId(), table.columns().get(column).type());
        })
        .toArray(ParquetRows.Column[]::new);
  }
}
