package dev.firn.e2e.reader;

import dev.firn.testing.reader.RowText;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A table of PostgreSQL, read in the order of its key.
 *
 * @param schema its schema
 * @param name its name
 * @param columns its columns in its own order
 * @param key the primary key's columns, in the key's order
 */
public record SourceTable(String schema, String name, List<Column> columns, List<Column> key) {
  private static final int FETCH_ROWS = 10_000;

  /**
   * A column.
   *
   * @param name its name
   * @param type the type as pg_type names it; arrays begin with an underscore
   */
  public record Column(String name, String type) {
    boolean isText() {
      return switch (type) {
        case "text", "varchar", "bpchar" -> true;
        default -> false;
      };
    }
  }

  /** Asks the database what the table looks like. */
  public static SourceTable describe(Connection connection, String schema, String name)
      throws SQLException {
    List<Column> columns = new ArrayList<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            SELECT a.attname, t.typname
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = format('%I.%I', ?::text, ?::text)::regclass
              AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum\
            """)) {
      statement.setString(1, schema);
      statement.setString(2, name);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          columns.add(new Column(rows.getString(1), rows.getString(2)));
        }
      }
    }
    List<Column> key = new ArrayList<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            SELECT a.attname
            FROM pg_index i
              CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
              JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE i.indisprimary AND i.indrelid = format('%I.%I', ?::text, ?::text)::regclass
            ORDER BY k.place\
            """)) {
      statement.setString(1, schema);
      statement.setString(2, name);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          String column = rows.getString(1);
          key.add(columns.stream().filter(c -> c.name().equals(column)).findFirst().orElseThrow());
        }
      }
    }
    if (key.isEmpty()) {
      throw new SQLException(schema + "." + name + " has no primary key to compare by");
    }
    return new SourceTable(schema, name, List.copyOf(columns), List.copyOf(key));
  }

  /** The table as PostgreSQL's SQL names it. */
  public String sqlName() {
    return quote(schema) + "." + quote(name);
  }

  /**
   * All rows in the order of the key, text by its bytes, as engines order it.
   *
   * @param connection in a transaction, or the driver would hold all rows in memory
   */
  public RowCursor rows(Connection connection) throws SQLException {
    if (connection.getAutoCommit()) {
      throw new IllegalArgumentException("rows stream only within a transaction");
    }
    String all = columns.stream().map(c -> quote(c.name())).collect(Collectors.joining(", "));
    String order =
        key.stream()
            .map(c -> quote(c.name()) + (c.isText() ? " COLLATE \"C\"" : ""))
            .collect(Collectors.joining(", "));
    Statement statement = connection.createStatement();
    statement.setFetchSize(FETCH_ROWS);
    ResultSet rows =
        statement.executeQuery("SELECT " + all + " FROM " + sqlName() + " ORDER BY " + order);
    return new Cursor(statement, rows, columns);
  }

  private static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  private record Cursor(Statement statement, ResultSet rows, List<Column> types)
      implements RowCursor {
    @Override
    public List<String> columns() {
      return types.stream().map(Column::name).toList();
    }

    @Override
    public @Nullable List<@Nullable String> next() throws SQLException {
      if (!rows.next()) {
        return null;
      }
      List<@Nullable String> values = new ArrayList<>(types.size());
      for (int i = 0; i < types.size(); i++) {
        values.add(RowText.of(value(rows, i + 1, types.get(i).type())));
      }
      return values;
    }

    @Override
    public void close() throws SQLException {
      try (statement) {
        rows.close();
      }
    }

    private static @Nullable Object value(ResultSet rows, int column, String type)
        throws SQLException {
      return switch (type) {
        case "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "uuid" ->
            rows.getObject(column);
        case "date" -> rows.getObject(column, LocalDate.class);
        case "time" -> rows.getObject(column, LocalTime.class);
        case "timestamp" -> rows.getObject(column, LocalDateTime.class);
        case "timestamptz" -> rows.getObject(column, OffsetDateTime.class);
        case "bytea" -> rows.getBytes(column);
        default -> type.startsWith("_") ? array(rows.getArray(column)) : rows.getString(column);
      };
    }

    private static @Nullable Object array(@Nullable Array array) throws SQLException {
      if (array == null) {
        return null;
      }
      boolean instants = array.getBaseTypeName().equals("timestamptz");
      List<@Nullable Object> elements = new ArrayList<>();
      for (Object element : (Object[]) array.getArray()) {
        elements.add(
            switch (element) {
              case null -> null;
              case Timestamp timestamp ->
                  instants ? timestamp.toInstant() : timestamp.toLocalDateTime();
              case java.sql.Date date -> date.toLocalDate();
              default -> element;
            });
      }
      return elements;
    }
  }
}
