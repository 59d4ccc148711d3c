package dev.firn.daemon;

import dev.firn.config.FirnConfig;
import dev.firn.config.FirnConfigReader;
import dev.firn.daemon.print.Output;
import dev.firn.daemon.print.UserCommand;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;

/** What every command is given: where its result goes, the environment and the time. */
record Session(Output output, Map<String, String> environment, Clock clock) {
  Session {
    environment = Map.copyOf(environment);
  }

  /** How the user calls Firn with this config file. */
  UserCommand command(Path config) {
    return new UserCommand(environment.getOrDefault(UserCommand.VARIABLE, "firn"), config);
  }

  FirnConfig config(Path file) {
    return new FirnConfigReader(environment).read(file);
  }
}
