package dev.firn.e2e.reader;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An engine that reads Iceberg tables, in a process of its own. Used by one thread. */
public sealed interface EngineReader extends AutoCloseable permits TrinoReader, SparkReader {
  /** The engine's name. */
  String name();

  /** Makes a catalog known, under its own name. */
  void open(ReplicaCatalog catalog) throws Exception;

  /** An identifier as the engine's SQL quotes it. */
  String quote(String identifier);

  /** Runs a query. Its rows must be closed before the next one. */
  RowCursor query(String sql) throws Exception;

  /** A table as the engine's SQL names it. */
  default String table(ReplicaCatalog catalog, String schema, String table) {
    return quote(catalog.name()) + "." + quote(schema) + "." + quote(table);
  }

  /** All rows of a query with a small result. */
  default List<List<@Nullable String>> rows(String sql) throws Exception {
    List<List<@Nullable String>> all = new ArrayList<>();
    try (RowCursor cursor = query(sql)) {
      for (List<@Nullable String> row = cursor.next(); row != null; row = cursor.next()) {
        all.add(row);
      }
    }
    return all;
  }

  @Override
  void close();
}
