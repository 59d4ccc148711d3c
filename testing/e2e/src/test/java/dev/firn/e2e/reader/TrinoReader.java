package dev.firn.e2e.reader;

import dev.firn.testing.reader.Request;
import java.io.IOException;
import java.util.List;

/**
 * Trino. Its SQL is in lower case whatever is quoted: it finds no table with upper-case letters.
 */
public final class TrinoReader implements EngineReader {
  private static final List<String> JVM_OPTIONS =
      List.of(
          "-Xmx1536m",
          "--add-modules=jdk.incubator.vector",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow");

  private final EngineProcess process;

  private TrinoReader(EngineProcess process) {
    this.process = process;
  }

  /** Starts Trino: 15 seconds. */
  public static TrinoReader start() throws IOException {
    return new TrinoReader(
        EngineProcess.start("trino", "dev.firn.testing.reader.trino.TrinoMain", JVM_OPTIONS));
  }

  @Override
  public String name() {
    return "Trino";
  }

  @Override
  public void open(ReplicaCatalog catalog) throws Exception {
    process.send(new Request.Open(catalog.name(), catalog.trinoProperties())).close();
  }

  @Override
  public String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  @Override
  public RowCursor query(String sql) throws IOException {
    return process.send(new Request.Query(sql));
  }

  @Override
  public void close() {
    process.close();
  }
}
