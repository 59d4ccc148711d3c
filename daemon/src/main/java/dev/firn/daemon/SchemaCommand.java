package dev.firn.daemon;

import dev.firn.config.FirnConfigSchema;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code firn schema}. */
@Command(
    name = "schema",
    description = "Prints the JSON Schema of the config file, for editors.",
    mixinStandardHelpOptions = true,
    version = Main.VERSION)
final class SchemaCommand implements Callable<Integer> {
  private final Session session;

  SchemaCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    session.output().line(FirnConfigSchema.json().stripTrailing());
    return ExitCode.DONE.code();
  }
}
