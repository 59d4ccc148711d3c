package dev.firn.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Ends a server with this JVM, also when that is killed: a shell reads from a pipe that only this
 * JVM holds open, and at its end asks the server to shut down (SIGINT). The shell ignores the
 * terminal's signals, which reach every process in the foreground.
 */
final class ServerGuard implements AutoCloseable {
  private static final String SCRIPT =
      "trap '' INT TERM HUP; read -r released || kill -INT \"$1\" 2>/dev/null";

  private final Process shell;

  private ServerGuard(Process shell) {
    this.shell = shell;
  }

  static ServerGuard over(ProcessHandle server) throws IOException {
    return new ServerGuard(
        new ProcessBuilder("sh", "-c", SCRIPT, "sh", Long.toString(server.pid()))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start());
  }

  /** Lets the server be: it has ended already. */
  @Override
  public void close() throws IOException {
    try (var pipe = shell.getOutputStream()) {
      pipe.write("released\n".getBytes(StandardCharsets.US_ASCII));
    }
  }
}
