package dev.firn.e2e.reader;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** The engines that judge a replica. */
public record Engines(EngineReader trino, EngineReader spark) implements AutoCloseable {

  /** Gives tests the engines, which are started once for a JVM of tests and end with it. */
  public static final class Shared implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == Engines.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return context
          .getRoot()
          .getStore(ExtensionContext.Namespace.GLOBAL)
          .getOrComputeIfAbsent(Engines.class, type -> start(), Engines.class);
    }
  }

  private static Engines start() {
    try {
      EngineReader trino = EngineReader.trino();
      try {
        return new Engines(trino, EngineReader.spark());
      } catch (IOException e) {
        trino.close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Each of them. */
  public List<EngineReader> all() {
    return List.of(trino, spark);
  }

  @Override
  public void close() {
    try (trino) {
      spark.close();
    }
  }
}
