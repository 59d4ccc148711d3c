package dev.firn.testing.reader;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A query engine in its own process, reading Iceberg tables. Used by one thread. */
public interface Engine extends AutoCloseable {
  /** Makes a catalog known under a name, with properties in the engine's own words. */
  void open(String catalog, Map<String, String> properties) throws Exception;

  /** Runs a statement and hands over its rows as they come. */
  void query(String sql, Rows rows) throws Exception;

  /** Where rows go: first the columns, once, then every row. */
  interface Rows {
    /** The columns' names. */
    void columns(List<String> names) throws Exception;

    /** A row in {@link RowText}, as many values as there are columns. */
    void row(List<@Nullable String> values) throws Exception;
  }
}
