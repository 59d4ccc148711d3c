package dev.firn.e2e.daemon;

import dev.firn.e2e.reader.EngineReader;
import dev.firn.e2e.reader.SparkReader;
import dev.firn.e2e.reader.TrinoReader;
import java.io.IOException;
import java.util.List;

/** The engines that judge a replica, started once for the replicas of a test class. */
record Engines(EngineReader trino, EngineReader spark) implements AutoCloseable {
  static Engines start() throws IOException {
    EngineReader trino = TrinoReader.start();
    try {
      return new Engines(trino, SparkReader.start());
    } catch (IOException e) {
      trino.close();
      throw e;
    }
  }

  List<EngineReader> all() {
    return List.of(trino, spark);
  }

  @Override
  public void close() {
    try (trino) {
      spark.close();
    }
  }
}
