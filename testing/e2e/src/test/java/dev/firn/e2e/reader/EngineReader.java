package dev.firn.e2e.reader;

import dev.firn.testing.reader.Request;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** An engine that reads Iceberg tables, in a process of its own. Used by one thread. */
public final class EngineReader implements AutoCloseable {
  private static final List<String> SPARK_OPENS =
      List.of(
          "java.lang",
          "java.lang.invoke",
          "java.lang.reflect",
          "java.io",
          "java.net",
          "java.nio",
          "java.util",
          "java.util.concurrent",
          "java.util.concurrent.atomic",
          "jdk.internal.ref",
          "sun.nio.ch",
          "sun.nio.cs",
          "sun.security.action",
          "sun.util.calendar");

  private final String name;
  private final char quote;
  private final Function<ReplicaCatalog, Map<String, String>> properties;
  private final EngineProcess process;
  private final Set<String> opened = new HashSet<>();

  private EngineReader(
      String name,
      char quote,
      Function<ReplicaCatalog, Map<String, String>> properties,
      EngineProcess process) {
    this.name = name;
    this.quote = quote;
    this.properties = properties;
    this.process = process;
  }

  /**
   * Starts Trino: 15 seconds. Its SQL is in lower case whatever is quoted: it finds no table with
   * upper-case letters.
   */
  public static EngineReader trino() throws IOException {
    return new EngineReader(
        "Trino",
        '"',
        ReplicaCatalog::trinoProperties,
        EngineProcess.start(
            "trino",
            "dev.firn.testing.reader.trino.TrinoMain",
            List.of("-Xmx1536m", "--add-modules=jdk.incubator.vector")));
  }

  /** Starts Spark: 10 seconds. It refuses tables with a column of type {@code time}. */
  public static EngineReader spark() throws IOException {
    List<String> options = new ArrayList<>();
    options.add("-Xmx1g");
    options.add("-Dio.netty.tryReflectionSetAccessible=true");
    for (String name : SPARK_OPENS) {
      options.add("--add-opens=java.base/" + name + "=ALL-UNNAMED");
    }
    return new EngineReader(
        "Spark",
        '`',
        ReplicaCatalog::sparkProperties,
        EngineProcess.start("spark", "dev.firn.testing.reader.spark.SparkMain", options));
  }

  /** The engine's name. */
  public String name() {
    return name;
  }

  /** Makes a catalog known under its own name; an engine outlives the catalogs of a test. */
  public void open(ReplicaCatalog catalog) throws Exception {
    if (opened.add(catalog.name())) {
      process.send(new Request.Open(catalog.name(), properties.apply(catalog))).close();
    }
  }

  /** An identifier as the engine's SQL quotes it. */
  public String quote(String identifier) {
    String mark = String.valueOf(quote);
    return mark + identifier.replace(mark, mark + mark) + mark;
  }

  /** Runs a query. Its rows must be closed before the next one. */
  public RowCursor query(String sql) throws IOException {
    return process.send(new Request.Query(sql));
  }

  /** A table as the engine's SQL names it. */
  public String table(ReplicaCatalog catalog, String schema, String table) {
    return quote(catalog.name()) + "." + quote(schema) + "." + quote(table);
  }

  /** All rows of a query with a small result. */
  public List<List<@Nullable String>> rows(String sql) throws Exception {
    List<List<@Nullable String>> all = new ArrayList<>();
    try (RowCursor cursor = query(sql)) {
      for (List<@Nullable String> row = cursor.next(); row != null; row = cursor.next()) {
        all.add(row);
      }
    }
    return all;
  }

  @Override
  public void close() {
    process.close();
  }
}
