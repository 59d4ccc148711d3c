package dev.firn.iceberg.schema;

import dev.firn.change.table.ColumnType;
import java.util.function.IntSupplier;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

/** Column types and the Iceberg types that hold their values. */
final class ColumnTypes {
  private ColumnTypes() {}

  /** The Iceberg type of a column; the supplier numbers nested fields. */
  static Type toIceberg(ColumnType type, IntSupplier nextId) {
    return switch (type) {
      case ColumnType.Simple simple -> toIceberg(simple);
      case ColumnType.Decimal decimal -> Types.DecimalType.of(decimal.precision(), decimal.scale());
      case ColumnType.Array array ->
          Types.ListType.ofOptional(nextId.getAsInt(), toIceberg(array.element(), nextId));
    };
  }

  /** Whether an Iceberg type is the one that {@link #toIceberg} gives, field ids aside. */
  static boolean matches(Type iceberg, ColumnType type) {
    if (type instanceof ColumnType.Array array) {
      return iceberg instanceof Types.ListType list
          && list.isElementOptional()
          && matches(list.elementType(), array.element());
    }
    return iceberg.equals(toIceberg(type, () -> 0));
  }

  private static Type toIceberg(ColumnType.Simple type) {
    return switch (type) {
      case BOOL -> Types.BooleanType.get();
      case INT32 -> Types.IntegerType.get();
      case INT64 -> Types.LongType.get();
      case FLOAT32 -> Types.FloatType.get();
      case FLOAT64 -> Types.DoubleType.get();
      case DATE -> Types.DateType.get();
      case TIME -> Types.TimeType.get();
      case TIMESTAMP -> Types.TimestampType.withoutZone();
      case TIMESTAMP_TZ -> Types.TimestampType.withZone();
      case TEXT, JSON -> Types.StringType.get();
      case BINARY -> Types.BinaryType.get();
      case UUID -> Types.UUIDType.get();
    };
  }
}
