package dev.firn.iceberg.read;

import dev.firn.change.TableLoader.RowConsumer;
import dev.firn.change.row.ArrayValue;
import dev.firn.change.row.RowBuilder;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Decimal;
import dev.firn.change.table.ColumnType.Simple;
import dev.firn.change.table.TableSchema;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import dev.firn.iceberg.schema.ColumnLineage;
import dev.firn.iceberg.schema.IcebergTables;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;

/**
 * Reads a table of the replica at its current snapshot, by Iceberg's generic reader and not by what
 * wrote it, into the rows that the source gives. Columns are found by their lineage, not by name.
 */
public final class ReplicaRows {
  private static final LocalDateTime EPOCH = LocalDateTime.of(1970, 1, 1, 0, 0);

  private final ReplicaCatalog catalog;

  /** Reads from this catalog. */
  public ReplicaRows(ReplicaCatalog catalog) {
    this.catalog = catalog;
  }

  /**
   * Hands over every live row once, in no particular order. Each is a view that lasts for the call.
   *
   * @param schema the source table's shape, in whose layout the rows are
   * @throws dev.firn.change.fault.FirnException REPLICA_UNREACHABLE where the catalog or the bucket
   *     fails, REPLICA_UNFIT or SCHEMA_CHANGED where the table is not of this shape
   */
  public void copy(TableSchema schema, RowConsumer rows) throws InterruptedException {
    try {
      Table table = catalog.catalog().loadTable(IcebergTables.identifier(schema.id()));
      IcebergTables.requireSameShape(table, schema);
      int[] places = places(table, schema);
      RowBuilder builder = new RowBuilder();
      ArrayValue.Builder array = new ArrayValue.Builder();
      List<Column> columns = schema.columns();
      try (CloseableIterable<Record> records = IcebergGenerics.read(table).build()) {
        for (Record record : records) {
          builder.begin(columns.size());
          for (int i = 0; i < columns.size(); i++) {
            set(builder, array, i, columns.get(i).type(), record.get(places[i]));
          }
          rows.accept(builder.build());
        }
      }
    } catch (IOException | RuntimeException e) {
      throw catalog.failures().explain("reading table " + schema.id(), e);
    }
  }

  /** Where each column's field stands in a record. */
  private static int[] places(Table table, TableSchema schema) {
    ColumnLineage lineage = IcebergTables.lineage(table, schema.id());
    Map<Integer, Integer> placeOfField = new HashMap<>();
    List<Types.NestedField> fields = table.schema().columns();
    for (int i = 0; i < fields.size(); i++) {
      placeOfField.put(fields.get(i).fieldId(), i);
    }
    return schema.columns().stream()
        .mapToInt(column -> {
          Integer field = lineage.fieldId(column.id());
          Integer place = field == null ? null : placeOfField.get(field);
          if (place == null) {
            throw new IllegalStateException(
                schema.id() + " has no field for column " + column.name());
          }
          return place;
        })
        .toArray();
  }

  private static void set(
      RowBuilder row, ArrayValue.Builder array, int column, ColumnType type, @Nullable Object v) {
    if (v == null) {
      row.setNull(column);
      return;
    }
    if (type instanceof ColumnType.Array arrayType) {
      array.begin();
      for (Object element : (List<?>) v) {
        add(array, arrayType.element(), element);
      }
      array.writeTo(row, column);
      return;
    }
    switch (type.form()) {
      case LONG -> row.setLong(column, longOf(type, v));
      case FLOAT -> row.setFloat(column, (Float) v);
      case DOUBLE -> row.setDouble(column, (Double) v);
      case BYTES -> row.setBytes(column, bytesOf(type, v));
    }
  }

  private static void add(ArrayValue.Builder array, ColumnType type, @Nullable Object v) {
    if (v == null) {
      array.addNull();
      return;
    }
    switch (type.form()) {
      case LONG -> array.addLong(longOf(type, v));
      case FLOAT -> array.addFloat((Float) v);
      case DOUBLE -> array.addDouble((Double) v);
      case BYTES -> {
        byte[] bytes = bytesOf(type, v);
        array.addBytes(bytes, 0, bytes.length);
      }
    }
  }

  private static long longOf(ColumnType type, Object v) {
    return switch (type) {
      case Simple simple ->
          switch (simple) {
            case BOOL -> (Boolean) v ? 1 : 0;
            case INT32 -> (Integer) v;
            case INT64 -> (Long) v;
            case DATE -> ((LocalDate) v).toEpochDay();
            case TIME -> ((LocalTime) v).toNanoOfDay() / 1000;
            case TIMESTAMP -> ChronoUnit.MICROS.between(EPOCH, (LocalDateTime) v);
            case TIMESTAMP_TZ ->
                ChronoUnit.MICROS.between(
                    EPOCH,
                    ((OffsetDateTime) v).withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime());
            case FLOAT32, FLOAT64, TEXT, JSON, BINARY, UUID -> throw noSuchForm(type, v);
          };
      case Decimal _ -> ((BigDecimal) v).unscaledValue().longValueExact();
      case ColumnType.Array _ -> throw noSuchForm(type, v);
    };
  }

  private static byte[] bytesOf(ColumnType type, Object v) {
    return switch (type) {
      case Simple simple ->
          switch (simple) {
            case TEXT, JSON -> v.toString().getBytes(StandardCharsets.UTF_8);
            case BINARY -> {
              ByteBuffer buffer = ((ByteBuffer) v).duplicate();
              byte[] bytes = new byte[buffer.remaining()];
              buffer.get(bytes);
              yield bytes;
            }
            case UUID -> {
              UUID uuid = (UUID) v;
              yield ByteBuffer.allocate(16)
                  .putLong(uuid.getMostSignificantBits())
                  .putLong(uuid.getLeastSignificantBits())
                  .array();
            }
            case BOOL, INT32, INT64, FLOAT32, FLOAT64, DATE, TIME, TIMESTAMP, TIMESTAMP_TZ ->
                throw noSuchForm(type, v);
          };
      case Decimal _ -> ((BigDecimal) v).unscaledValue().toByteArray();
      case ColumnType.Array _ -> throw noSuchForm(type, v);
    };
  }

  private static IllegalStateException noSuchForm(ColumnType type, Object v) {
    return new IllegalStateException(type + " does not have the form of " + v.getClass());
  }
}
