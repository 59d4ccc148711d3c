package dev.firn.iceberg.write;

import dev.firn.change.fault.FirnException;
import dev.firn.change.row.ArrayValue;
import dev.firn.change.row.Row;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.iceberg.DoubleFieldMetrics;
import org.apache.iceberg.FieldMetrics;
import org.apache.iceberg.FloatFieldMetrics;
import org.apache.iceberg.parquet.ParquetValueWriter;
import org.apache.iceberg.parquet.TripleWriter;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnWriteStore;
import org.apache.parquet.column.ColumnWriter;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/** Writes packed rows straight into Parquet's column writers: no value is boxed on its way. */
final class ParquetRowWriter implements ParquetValueWriter<Row> {
  private static final long MICROS_PER_DAY = 86_400_000_000L;

  private final Field[] fields;

  /**
   * A writer for one file.
   *
   * @param message the file's schema, with Iceberg's field ids
   */
  ParquetRowWriter(RowLayout layout, MessageType message) {
    List<Field> all = new ArrayList<>();
    for (Type type : message.getFields()) {
      ColumnDescriptor leaf =
          message.getColumns().stream()
              .filter(column -> column.getPath()[0].equals(type.getName()))
              .reduce((one, other) -> {
                throw new IllegalArgumentException("field " + type + " has several leaves");
              })
              .orElseThrow();
      all.add(new Field(layout, layout.columnOf(type.getId().intValue()), type, leaf));
    }
    this.fields = all.toArray(Field[]::new);
  }

  @Override
  public void write(int repetitionLevel, Row row) {
    for (Field field : fields) {
      field.write(row);
    }
  }

  /** Only what encloses this writer would need them, and nothing does. */
  @Override
  public List<TripleWriter<?>> columns() {
    return List.of();
  }

  @Override
  public void setColumnStore(ColumnWriteStore columnStore) {
    for (Field field : fields) {
      field.out = columnStore.getColumnWriter(field.leaf);
    }
  }

  @Override
  public Stream<FieldMetrics<?>> metrics() {
    return Arrays.stream(fields).flatMap(field -> field.metrics().stream());
  }

  /** One top-level field: a value or a list of values, and so one column of the file. */
  private static final class Field {
    private final RowLayout layout;
    private final int column;
    private final ColumnDescriptor leaf;
    private final @Nullable ColumnType type;
    private final @Nullable ColumnType element;
    private final int present;
    private final int listPresent;
    private final byte[] fixed;
    private final FloatFieldMetrics.Builder floats;
    private final DoubleFieldMetrics.Builder doubles;
    private @Nullable ColumnWriter out;
    private long nulls;

    Field(RowLayout layout, int column, Type parquet, ColumnDescriptor leaf) {
      this.layout = layout;
      this.column = column;
      this.leaf = leaf;
      this.type = column < 0 ? null : layout.table().columns().get(column).type();
      this.element = type instanceof ColumnType.Array array ? array.element() : null;
      this.present = leaf.getMaxDefinitionLevel();
      this.listPresent = parquet.isRepetition(Type.Repetition.OPTIONAL) ? 1 : 0;
      this.fixed = new byte[Math.max(0, leaf.getPrimitiveType().getTypeLength())];
      int fieldId = leaf.getPrimitiveType().getId().intValue();
      this.floats = new FloatFieldMetrics.Builder(fieldId);
      this.doubles = new DoubleFieldMetrics.Builder(fieldId);
    }

    private ColumnWriter out() {
      if (out == null) {
        throw new IllegalStateException("no row group is open");
      }
      return out;
    }

    void write(Row row) {
      ColumnWriter to = out();
      if (type == null || row.isNull(column)) {
        if (type != null && !layout.table().columns().get(column).nullable()) {
          throw unrepresentable("NULL", "is declared NOT NULL");
        }
        nulls++;
        to.writeNull(0, 0);
      } else if (row.isUnchanged(column)) {
        throw new IllegalStateException(
            "an unchanged value of " + name() + " was not filled in before writing");
      } else if (element != null) {
        writeList(to, row, element);
      } else {
        switch (type.form()) {
          case LONG -> writeLong(to, type, row.getLong(column), 0);
          case FLOAT -> writeFloat(to, row.getFloat(column), 0);
          case DOUBLE -> writeDouble(to, row.getDouble(column), 0);
          case BYTES ->
              writeBytes(
                  to, type, row.array(), row.bytesOffset(column), row.bytesLength(column), 0);
        }
      }
    }

    private void writeList(ColumnWriter to, Row row, ColumnType of) {
      ArrayValue.Reader values = new ArrayValue.Reader(row, column);
      if (values.count() == 0) {
        nulls++;
        to.writeNull(0, listPresent);
        return;
      }
      int repetition = 0;
      while (values.next()) {
        if (values.isNull()) {
          nulls++;
          to.writeNull(repetition, present - 1);
        } else {
          switch (of.form()) {
            case LONG -> writeLong(to, of, values.getLong(), repetition);
            case FLOAT -> writeFloat(to, values.getFloat(), repetition);
            case DOUBLE -> writeDouble(to, values.getDouble(), repetition);
            case BYTES ->
                writeBytes(
                    to, of, values.array(), values.bytesOffset(), values.bytesLength(), repetition);
          }
        }
        repetition = 1;
      }
    }

    private void writeLong(ColumnWriter to, ColumnType of, long value, int repetition) {
      switch (leaf.getPrimitiveType().getPrimitiveTypeName()) {
        case BOOLEAN -> to.write(value != 0, repetition, present);
        case INT32 -> {
          if (value != (int) value) {
            throw unrepresentable(Long.toString(value), "does not fit 32 bits");
          }
          to.write((int) value, repetition, present);
        }
        case INT64 -> {
          if (of == ColumnType.Simple.TIME && (value < 0 || value >= MICROS_PER_DAY)) {
            throw unrepresentable(
                value + " microseconds after midnight",
                "is no time of day in Iceberg, whose last is 23:59:59.999999");
          }
          to.write(value, repetition, present);
        }
        default -> throw new IllegalStateException(name() + " cannot be written to " + leaf);
      }
    }

    private void writeFloat(ColumnWriter to, float value, int repetition) {
      floats.addValue(value);
      to.write(value, repetition, present);
    }

    private void writeDouble(ColumnWriter to, double value, int repetition) {
      doubles.addValue(value);
      to.write(value, repetition, present);
    }

    private void writeBytes(
        ColumnWriter to, ColumnType of, byte[] bytes, int from, int length, int repetition) {
      Binary value;
      if (of instanceof ColumnType.Decimal) {
        if (length > fixed.length || length < 1) {
          throw unrepresentable(
              new BigInteger(bytes, from, length).toString(), "has more digits than " + of);
        }
        int pad = fixed.length - length;
        Arrays.fill(fixed, 0, pad, (byte) (bytes[from] < 0 ? -1 : 0));
        System.arraycopy(bytes, from, fixed, pad, length);
        value = Binary.fromReusedByteArray(fixed);
      } else {
        if (of == ColumnType.Simple.UUID && length != fixed.length) {
          throw new IllegalArgumentException("a uuid of " + length + " bytes in " + name());
        }
        value = Binary.fromReusedByteArray(bytes, from, length);
      }
      to.write(value, repetition, present);
    }

    /** Parquet's own statistics serve all other types; of NaNs they know nothing. */
    private List<FieldMetrics<?>> metrics() {
      ColumnType of = element == null ? type : element;
      FieldMetrics<?> of1;
      if (of == ColumnType.Simple.FLOAT32) {
        of1 = floats.build();
      } else if (of == ColumnType.Simple.FLOAT64) {
        of1 = doubles.build();
      } else {
        return List.of();
      }
      return List.of(
          new FieldMetrics<Object>(
              of1.id(),
              of1.valueCount() + nulls,
              nulls,
              of1.nanValueCount(),
              of1.lowerBound(),
              of1.upperBound(),
              of1.originalType()));
    }

    private FirnException unrepresentable(String value, String why) {
      return new FirnException(
          FirnException.Kind.UNREPRESENTABLE_VALUE,
          "value " + value + " of " + name() + " " + why,
          "change the value at the source, or leave the table out");
    }

    private String name() {
      if (column < 0) {
        return "field " + leaf + " of table " + layout.table().id();
      }
      Column named = layout.table().columns().get(column);
      return "column "
          + named.name()
          + " ("
          + named.sourceType()
          + ") of table "
          + layout.table().id();
    }
  }
}
