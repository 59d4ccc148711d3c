package dev.firn.daemon;

import picocli.CommandLine.Option;

/** The option that every command with a result has. */
final class JsonOption {
  @Option(names = "--json", description = "print the result as JSON")
  boolean chosen;
}
