package dev.firn.cdc.stream;

import io.debezium.connector.postgresql.UnchangedToastedReplicationMessageColumn;
import io.debezium.spi.converter.CustomConverter;
import io.debezium.spi.converter.RelationalColumn;
import java.util.Properties;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Lets every column through as the server's own text, so that no value passes through a type of
 * Java that cannot hold it. Debezium makes it by its name.
 *
 * <p>Marks that no value of the source can be mistaken for, since they are told by identity: {@link
 * #NULL} (a Connect struct would put the column's default in its place) and {@link #UNCHANGED}.
 */
@SuppressWarnings("StringOperationCanBeSimplified")
public final class TextConverter implements CustomConverter<SchemaBuilder, RelationalColumn> {
  /** The column is NULL. */
  static final String NULL = new String("firn:null");

  /** The source left the value out, because the change did not touch it. */
  static final String UNCHANGED = new String("firn:unchanged");

  /** A value that did not arrive as text; never one of a row. */
  static final String NOT_TEXT = new String("firn:not text");

  static final String TYPE = "firn.type";
  static final String LENGTH = "firn.length";
  static final String SCALE = "firn.scale";

  /** For Debezium. */
  public TextConverter() {}

  @Override
  public void configure(Properties settings) {}

  @Override
  public void converterFor(
      RelationalColumn column, ConverterRegistration<SchemaBuilder> registration) {
    SchemaBuilder schema =
        SchemaBuilder.string()
            .optional()
            .parameter(TYPE, column.typeName())
            .parameter(LENGTH, Integer.toString(column.length().orElse(-1)))
            .parameter(SCALE, Integer.toString(column.scale().orElse(-1)));
    registration.register(schema, TextConverter::convert);
  }

  private static String convert(@Nullable Object value) {
    if (value == null) {
      return NULL;
    }
    if (value instanceof String text) {
      return text;
    }
    return UnchangedToastedReplicationMessageColumn.isUnchangedToastedValue(value)
        ? UNCHANGED
        : NOT_TEXT;
  }
}
