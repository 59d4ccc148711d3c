package dev.firn.e2e.reader;

import dev.firn.testing.reader.Request;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Spark. It refuses tables with a column of type {@code time}. */
public final class SparkReader implements EngineReader {
  private static final List<String> OPENED_PACKAGES =
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

  private final EngineProcess process;

  private SparkReader(EngineProcess process) {
    this.process = process;
  }

  /** Starts Spark: 10 seconds. */
  public static SparkReader start() throws IOException {
    List<String> options = new ArrayList<>();
    options.add("-Xmx1g");
    options.add("--enable-native-access=ALL-UNNAMED");
    options.add("--sun-misc-unsafe-memory-access=allow");
    options.add("-Dio.netty.tryReflectionSetAccessible=true");
    for (String name : OPENED_PACKAGES) {
      options.add("--add-opens=java.base/" + name + "=ALL-UNNAMED");
    }
    return new SparkReader(
        EngineProcess.start("spark", "dev.firn.testing.reader.spark.SparkMain", options));
  }

  @Override
  public String name() {
    return "Spark";
  }

  @Override
  public void open(ReplicaCatalog catalog) throws Exception {
    process.send(new Request.Open(catalog.name(), catalog.sparkProperties())).close();
  }

  @Override
  public String quote(String identifier) {
    return '`' + identifier.replace("`", "``") + '`';
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
