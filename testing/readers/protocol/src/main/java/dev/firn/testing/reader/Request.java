package dev.firn.testing.reader;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Map;
import java.util.Objects;

/** What an engine's process is asked to do. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "do")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Request.Open.class, name = "open"),
  @JsonSubTypes.Type(value = Request.Query.class, name = "query")
})
public sealed interface Request {
  /**
   * Makes a catalog known. The answer has no rows.
   *
   * @param catalog the name by which queries speak of it
   * @param properties in the engine's own words
   */
  record Open(String catalog, Map<String, String> properties) implements Request {
    public Open {
      Objects.requireNonNull(catalog, "catalog");
      properties = Map.copyOf(properties);
    }
  }

  /**
   * Runs a statement. The answer is its rows.
   *
   * @param sql in the engine's dialect
   */
  record Query(String sql) implements Request {
    public Query {
      Objects.requireNonNull(sql, "sql");
    }
  }
}
