package dev.firn.cdc.stream;

import io.debezium.connector.postgresql.PostgresType;
import io.debezium.connector.postgresql.TypeRegistry;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import org.jspecify.annotations.Nullable;

/**
 * Debezium's types, except that a value is decoded as text, whatever its column's type. Debezium
 * asks for a type by oid where it describes a table, and by name where it decodes a value.
 */
final class TextTypes extends TypeRegistry {
  private static final int TEXT_OID = 25;

  private @Nullable PostgresType text;

  TextTypes(PostgresConnection connection) {
    super(connection);
  }

  @Override
  public PostgresType get(String schemaName, String typeName) {
    PostgresType known = text;
    if (known == null) {
      known = get(TEXT_OID);
      text = known;
    }
    return known;
  }
}
