package dev.firn.testing.reader.trino;

import dev.firn.testing.reader.EngineServer;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Trino's process: requests on standard input, answers on standard output, logs on the other. */
final class TrinoMain {
  private TrinoMain() {}

  public static void main(String[] args) throws Exception {
    OutputStream answers = System.out;
    System.setOut(new PrintStream(System.err, true, StandardCharsets.UTF_8));
    try (TrinoEngine engine = TrinoEngine.start()) {
      EngineServer.serve(engine, System.in, answers);
    }
  }
}
