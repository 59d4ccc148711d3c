package dev.firn.cdc.stream;

import dev.firn.change.fault.FirnException;
import dev.firn.change.row.Row;
import dev.firn.change.row.RowBuilder;
import dev.firn.change.row.RowTooLargeException;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.TableSchema;
import java.util.List;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/** Packs one table's rows, as Debezium hands them over in one of its schemas. Not thread-safe. */
final class TableDecoder {
  private static final int MAX_VALUE_CHARACTERS = 200;

  private final TableSchema table;
  private final Field[] fields;
  private final TextValue[] values;
  private final boolean[] inKey;
  private final boolean[] asBytes;

  /**
   * A decoder.
   *
   * @param fields the fields of Debezium's row, in the order of the table's columns
   */
  TableDecoder(TableSchema table, List<Field> fields) {
    this.table = table;
    this.fields = fields.toArray(Field[]::new);
    this.values = new TextValue[this.fields.length];
    this.inKey = new boolean[this.fields.length];
    this.asBytes = new boolean[this.fields.length];
    for (int i = 0; i < values.length; i++) {
      ColumnType type = table.columns().get(i).type();
      values[i] = new TextValue(type);
      asBytes[i] = type.form() == ColumnType.Form.BYTES;
    }
    table.key().forEach(index -> inKey[index] = true);
  }

  /** The whole row. */
  Row row(Struct struct, RowBuilder builder) {
    builder.begin(fields.length);
    for (int i = 0; i < fields.length; i++) {
      set(struct, i, builder);
    }
    return build(struct, builder);
  }

  private Row build(Struct struct, RowBuilder builder) {
    try {
      return builder.build();
    } catch (RowTooLargeException e) {
      throw e.of(table.id(), key(struct));
    }
  }

  /** The key's columns; the others are NULL. */
  Row key(Struct struct, RowBuilder builder) {
    builder.begin(fields.length);
    for (int i = 0; i < fields.length; i++) {
      if (inKey[i]) {
        set(struct, i, builder);
        if (struct.get(fields[i]) == TextConverter.NULL) {
          throw new FirnException(
              FirnException.Kind.SOURCE_UNFIT,
              table.id()
                  + ": the source does not send column "
                  + table.columns().get(i).name()
                  + " of the key when a row changes: its replica identity does not hold it",
              "give the table a replica identity with the key's columns"
                  + " (ALTER TABLE … REPLICA IDENTITY), drop its Iceberg table and"
                  + " start again: it is then loaded anew");
        }
      } else {
        builder.setNull(i);
      }
    }
    return build(struct, builder);
  }

  /** Whether both rows have the same key. */
  boolean sameKey(Row one, Row other) {
    for (int column : table.key()) {
      if (!one.sameValue(column, other, column, asBytes[column])) {
        return false;
      }
    }
    return true;
  }

  private void set(Struct struct, int column, RowBuilder builder) {
    Object value = struct.get(fields[column]);
    if (value == TextConverter.NULL) {
      builder.setNull(column);
    } else if (value == TextConverter.UNCHANGED) {
      builder.setUnchanged(column);
    } else if (value == TextConverter.NOT_TEXT || !(value instanceof String text)) {
      throw new IllegalStateException(
          table.id() + "." + table.columns().get(column).name() + " did not arrive as text");
    } else {
      try {
        values[column].write(text, builder, column);
      } catch (Unrepresentable e) {
        throw unrepresentable(struct, column, text, e);
      }
    }
  }

  private FirnException unrepresentable(
      Struct struct, int column, String text, Unrepresentable cause) {
    Column of = table.columns().get(column);
    return new FirnException(
        FirnException.Kind.UNREPRESENTABLE_VALUE,
        table.id()
            + ", row "
            + key(struct)
            + ": column "
            + of.name()
            + " ("
            + of.sourceType()
            + ") holds "
            + shown(text)
            + ", and "
            + cause.getMessage(),
        "change the value at the source, drop the Iceberg table and start again: it is then loaded"
            + " anew; or leave the table out",
        cause);
  }

  private String key(Struct struct) {
    StringBuilder key = new StringBuilder();
    for (int index : table.key()) {
      key.append(key.isEmpty() ? "" : ", ").append(table.columns().get(index).name());
      key.append('=').append(shown(struct.get(fields[index])));
    }
    return key.toString();
  }

  private static String shown(@Nullable Object value) {
    if (value == TextConverter.NULL || value == null) {
      return "NULL";
    }
    String text = value.toString();
    return text.length() <= MAX_VALUE_CHARACTERS
        ? text
        : text.substring(0, MAX_VALUE_CHARACTERS) + "…";
  }
}
