package dev.firn.e2e;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The project's compose file, up under a name of its own and on free ports. Closing it ends it. */
final class Compose implements AutoCloseable {
  private static final long COMMAND_LIMIT_MINUTES = 10;

  /** Tests run in the module's folder. */
  private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();

  private final String image;
  private final Path logs;
  private final String project;

  private Compose(String image, Path logs) {
    this.image = image;
    this.logs = logs;
    this.project = "firn-e2e-" + ProcessHandle.current().pid();
  }

  /**
   * Builds Firn's image and starts all services.
   *
   * @param logs a folder for the output of the commands
   */
  static Compose up(String image, Path logs) throws IOException, InterruptedException {
    Compose compose = new Compose(image, logs);
    compose.run(List.of(ROOT.resolve("docker/build-image.sh").toString(), image));
    try {
      compose.compose("up", "--detach", "--quiet-pull");
    } catch (IOException e) {
      IOException failure = new IOException(e.getMessage() + "\n" + compose.compose("logs"), e);
      try {
        compose.close();
      } catch (IOException down) {
        failure.addSuppressed(down);
      }
      throw failure;
    }
    return compose;
  }

  /** The port on loopback at which a service's own port is published. */
  int port(String service, int port) throws IOException, InterruptedException {
    String published = compose("port", service, Integer.toString(port)).strip();
    return Integer.parseInt(published.substring(published.lastIndexOf(':') + 1));
  }

  /** Stops a service as SIGTERM does, and tells its exit code. */
  int stop(String service) throws IOException, InterruptedException {
    compose("stop", service);
    return Integer.parseInt(compose("ps", "--all", "--format", "{{.ExitCode}}", service).strip());
  }

  /** Starts a stopped service. */
  void start(String service) throws IOException, InterruptedException {
    compose("start", service);
  }

  /** What a service has printed. */
  String output(String service) throws IOException, InterruptedException {
    return compose("logs", "--no-color", service);
  }

  @Override
  public void close() throws IOException, InterruptedException {
    compose("down", "--volumes", "--timeout", "60");
  }

  private String compose(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("docker", "compose", "--project-name", project));
    command.addAll(List.of(arguments));
    return run(command);
  }

  private String run(List<String> command) throws IOException, InterruptedException {
    Path output = Files.createTempFile(logs, "command", ".out");
    Path errors = Files.createTempFile(logs, "command", ".err");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(ROOT.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile());
    builder
        .environment()
        .putAll(
            Map.of(
                "FIRN_IMAGE", image,
                "FIRN_POSTGRES_PORT", "0",
                "FIRN_S3_PORT", "0",
                "FIRN_HTTP_PORT", "0",
                "JAVA_HOME", System.getProperty("java.home")));
    Process process = builder.start();
    if (!process.waitFor(COMMAND_LIMIT_MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IOException(String.join(" ", command) + " did not end");
    }
    String printed = Files.readString(output, StandardCharsets.UTF_8);
    if (process.exitValue() != 0) {
      throw new IOException(
          String.join(" ", command)
              + " ended with "
              + process.exitValue()
              + ": "
              + printed
              + Files.readString(errors, StandardCharsets.UTF_8));
    }
    return printed;
  }
}
