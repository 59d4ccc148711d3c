package dev.firn.daemon;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option that every command with a config file has. */
final class ConfigOption {
  @Option(
      names = {"-c", "--config"},
      paramLabel = "FILE",
      defaultValue = "firn.yaml",
      description = "the config file (default: ${DEFAULT-VALUE})")
  Path file = Path.of("firn.yaml");
}
