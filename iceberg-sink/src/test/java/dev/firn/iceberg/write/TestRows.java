package dev.firn.iceberg.write;

import dev.firn.change.row.ArrayValue;
import dev.firn.change.row.Row;
import dev.firn.change.row.RowBuilder;
import dev.firn.change.row.RowWriter;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Rows from the values that Iceberg's generic reader gives. */
final class TestRows {
  /** Stands for a value that the source left out. */
  static final Object UNCHANGED = new Object();

  private TestRows() {}

  static Column column(int id, String name, ColumnType type, boolean nullable) {
    return new Column(id, name, type, nullable, type.toString());
  }

  static TableSchema table(String name, List<Integer> key, Column... columns) {
    return new TableSchema(new TableId("shop", name), 1234, 1235, List.of(columns), key);
  }

  static Row row(TableSchema schema, Object... values) {
    RowBuilder builder = new RowBuilder().begin(values.length);
    for (int i = 0; i < values.length; i++) {
      if (values[i] == null) {
        builder.setNull(i);
      } else if (values[i] == UNCHANGED) {
        builder.setUnchanged(i);
      } else {
        set(builder, i, schema.columns().get(i).type(), values[i]);
      }
    }
    return builder.build().copy();
  }

  private static void set(RowWriter row, int column, ColumnType type, Object value) {
    if (type instanceof ColumnType.Array array) {
      ArrayValue.Builder elements = new ArrayValue.Builder().begin();
      for (Object element : (List<?>) value) {
        if (element == null) {
          elements.addNull();
        } else {
          switch (array.element().form()) {
            case LONG -> elements.addLong(asLong(array.element(), element));
            case FLOAT -> elements.addFloat((Float) element);
            case DOUBLE -> elements.addDouble((Double) element);
            case BYTES -> {
              byte[] bytes = asBytes(element);
              elements.addBytes(bytes, 0, bytes.length);
            }
          }
        }
      }
      elements.writeTo(row, column);
      return;
    }
    switch (type.form()) {
      case LONG -> row.setLong(column, asLong(type, value));
      case FLOAT -> row.setFloat(column, (Float) value);
      case DOUBLE -> row.setDouble(column, (Double) value);
      case BYTES -> row.setBytes(column, asBytes(value));
    }
  }

  private static long asLong(ColumnType type, Object value) {
    return switch (value) {
      case Boolean b -> b ? 1 : 0;
      case Integer i -> i;
      case Long l -> l;
      case BigDecimal d -> d.unscaledValue().longValueExact();
      case LocalDate d -> d.toEpochDay();
      case LocalTime t -> t.toNanoOfDay() / 1000;
      case LocalDateTime t -> micros(t.atOffset(ZoneOffset.UTC));
      case OffsetDateTime t -> micros(t);
      default -> throw new IllegalArgumentException(type + " " + value);
    };
  }

  private static long micros(OffsetDateTime time) {
    return ChronoUnit.MICROS.between(OffsetDateTime.parse("1970-01-01T00:00:00Z"), time);
  }

  private static byte[] asBytes(Object value) {
    return switch (value) {
      case String s -> s.getBytes(StandardCharsets.UTF_8);
      case ByteBuffer b -> {
        byte[] bytes = new byte[b.remaining()];
        b.duplicate().get(bytes);
        yield bytes;
      }
      case BigDecimal d -> d.unscaledValue().toByteArray();
      case UUID u ->
          ByteBuffer.allocate(16)
              .putLong(u.getMostSignificantBits())
              .putLong(u.getLeastSignificantBits())
              .array();
      default -> throw new IllegalArgumentException(value.toString());
    };
  }

  /** The values of a record, to compare; the reader appends metadata columns of its own. */
  static List<Object> values(TableSchema schema, org.apache.iceberg.data.Record record) {
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < schema.columns().size(); i++) {
      values.add(record.get(i));
    }
    return values;
  }
}
