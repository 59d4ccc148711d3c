package dev.firn.testing.reader.spark;

import dev.firn.testing.reader.EngineServer;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Spark's process: requests on standard input, answers on standard output, logs on the other. */
final class SparkMain {
  private SparkMain() {}

  public static void main(String[] args) throws Exception {
    OutputStream answers = System.out;
    System.setOut(new PrintStream(System.err, true, StandardCharsets.UTF_8));
    try (SparkEngine engine = SparkEngine.start()) {
      EngineServer.serve(engine, System.in, answers);
    }
  }
}
