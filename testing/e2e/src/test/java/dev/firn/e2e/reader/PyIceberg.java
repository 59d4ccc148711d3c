package dev.firn.e2e.reader;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * PyIceberg in a process of its own, which runs lines of Python as users do. Its packages are put
 * into {@code target} once.
 */
public final class PyIceberg implements AutoCloseable {
  private static final Path SOURCES = Path.of("src", "test", "python").toAbsolutePath();
  private static final Path PACKAGES = Path.of("target", "python").toAbsolutePath();
  private static final Duration INSTALL_LIMIT = Duration.ofMinutes(10);

  private final Process process;
  private final Path log;
  private final BufferedWriter requests;
  private final BufferedReader answers;

  private PyIceberg(Process process, Path log) {
    this.process = process;
    this.log = log;
    this.requests = process.outputWriter(StandardCharsets.UTF_8);
    this.answers = process.inputReader(StandardCharsets.UTF_8);
  }

  /**
   * Starts Python with a catalog, which the lines know as {@code lake}.
   *
   * @param folder for what it needs
   * @param lines of Python
   */
  public static PyIceberg start(Path folder, ReplicaCatalog catalog, String lines)
      throws IOException, InterruptedException {
    install(folder);
    Path settings = folder.resolve("catalog.json");
    JsonMapper.builder()
        .build()
        .writeValue(
            settings.toFile(),
            Map.of("name", catalog.name(), "properties", catalog.pythonProperties()));
    Path script = Files.writeString(folder.resolve("lines.py"), lines);
    Path log = folder.resolve("python.log");
    PyIceberg python =
        new PyIceberg(
            python(SOURCES.resolve("run_document.py").toString(), settings, script)
                .redirectError(log.toFile())
                .start(),
            log);
    try {
      String ignored = python.answer();
      return python;
    } catch (IOException e) {
      python.close();
      throw e;
    }
  }

  private static ProcessBuilder python(String what, Path... arguments) {
    ProcessBuilder builder = new ProcessBuilder("python3", what);
    for (Path argument : arguments) {
      builder.command().add(argument.toString());
    }
    builder.environment().put("PYTHONPATH", PACKAGES.toString());
    return builder;
  }

  private static void install(Path folder) throws IOException, InterruptedException {
    Path requirements = SOURCES.resolve("requirements.txt");
    Path installed = PACKAGES.resolve("installed.txt");
    if (Files.exists(installed) && Files.mismatch(requirements, installed) < 0) {
      return;
    }
    Path log = folder.resolve("pip.log");
    Process pip =
        new ProcessBuilder(
                "python3",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--upgrade",
                "--target",
                PACKAGES.toString(),
                "--requirement",
                requirements.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    if (!pip.waitFor(INSTALL_LIMIT.toSeconds(), TimeUnit.SECONDS) || pip.exitValue() != 0) {
      pip.destroyForcibly();
      throw new IOException("pip could not install PyIceberg:\n" + Files.readString(log));
    }
    Files.copy(requirements, installed);
  }

  /** Runs the lines, and then gives the value of an expression. */
  public String valueAfter(String expression) throws IOException {
    requests.write(expression + "\n");
    requests.flush();
    return answer();
  }

  private String answer() throws IOException {
    String answer = answers.readLine();
    if (answer == null) {
      throw new IOException("Python ended:\n" + Files.readString(log));
    }
    return answer;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
