package dev.firn.e2e.reader;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.firn.testing.reader.Request;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An engine in a JVM of its own, with its own class path, kept for many queries. One request at a
 * time; an engine that takes longer than {@link #LIMIT} is killed, and the request fails.
 */
final class EngineProcess implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(15);
  private static final int LOG_TAIL_LINES = 30;
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private final String name;
  private final Process process;
  private final Path log;
  private final BufferedWriter requests;
  private final BufferedReader answers;
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory());
  private boolean answering;

  private EngineProcess(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
    this.requests = process.outputWriter(StandardCharsets.UTF_8);
    this.answers = process.inputReader(StandardCharsets.UTF_8);
  }

  /**
   * Starts an engine and waits until it is ready.
   *
   * @param name the engine's name, which is also its module's under {@code testing/readers}
   * @param mainClass its main class
   * @param jvmOptions flags that the engine needs
   */
  static EngineProcess start(String name, String mainClass, List<String> jvmOptions)
      throws IOException {
    Path module = Path.of("..", "readers", name, "target").toAbsolutePath().normalize();
    Path classPath = module.resolve("engine.classpath");
    if (!Files.exists(classPath)) {
      throw new IOException(
          classPath + " is missing: build testing/readers/" + name + " (mvn package) first");
    }
    Path logs = Files.createDirectories(Path.of("target", "engine-logs"));
    Path log = Files.createTempFile(logs, name + "-", ".log").toAbsolutePath();
    Path scratch = Files.createDirectories(Path.of("target", "engine-scratch", name));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmOptions);
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("-Duser.timezone=UTC");
    command.add("-Djava.io.tmpdir=" + scratch.toAbsolutePath());
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("-cp");
    command.add(module.resolve("classes") + ":" + Files.readString(classPath).strip());
    command.add(mainClass);
    Process process =
        new ProcessBuilder(command).directory(scratch.toFile()).redirectError(log.toFile()).start();
    EngineProcess engine = new EngineProcess(name, process, log);
    try {
      Rows ready = engine.new Rows("start");
      ready.close();
      return engine;
    } catch (IOException | RuntimeException e) {
      engine.close();
      throw e;
    }
  }

  /** Sends a request. The rows must be closed before the next one. */
  RowCursor send(Request request) throws IOException {
    if (answering) {
      throw new IllegalStateException("the rows of the request before are still open");
    }
    try {
      requests.write(JSON.writerFor(Request.class).writeValueAsString(request));
      requests.write('\n');
      requests.flush();
    } catch (IOException e) {
      throw failure("does not take requests any more", e);
    }
    return new Rows(request.toString());
  }

  @Override
  public void close() {
    watch.shutdownNow();
    try (requests) {
      process.destroy();
    } catch (IOException e) {
      // The process had gone, and with it the pipe.
      process.destroyForcibly();
    }
    try {
      if (!process.waitFor(STOP_LIMIT)) {
        process.destroyForcibly().waitFor(STOP_LIMIT);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private IOException failure(String what, @Nullable Exception cause) throws IOException {
    List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
    List<String> tail = lines.subList(Math.max(0, lines.size() - LOG_TAIL_LINES), lines.size());
    return new IOException(
        name + " " + what + "; the end of " + log + ":\n" + String.join("\n", tail), cause);
  }

  /** The answer to one request. */
  private final class Rows implements RowCursor {
    private final String request;
    private final ScheduledFuture<?> limit;
    private List<String> columns = List.of();
    private @Nullable List<@Nullable String> ahead;
    private boolean ended;
    private long rows;

    Rows(String request) throws IOException {
      this.request = request;
      this.limit =
          watch.schedule(process::destroyForcibly, LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      answering = true;
      ahead = read();
    }

    @Override
    public List<String> columns() {
      return columns;
    }

    @Override
    public @Nullable List<@Nullable String> next() throws IOException {
      List<@Nullable String> row = ahead;
      if (row != null) {
        ahead = read();
      }
      return row;
    }

    /** Reads what is left of the answer, so that the next one begins where it should. */
    @Override
    public void close() throws IOException {
      while (!ended) {
        ahead = read();
      }
    }

    private @Nullable List<@Nullable String> read() throws IOException {
      while (!ended) {
        String line;
        try {
          line = answers.readLine();
        } catch (IOException e) {
          throw end(failure("broke off in " + request, e));
        }
        if (line == null) {
          throw end(failure("ended, or was killed after " + LIMIT + ", in " + request, null));
        }
        JsonNode node = JSON.readTree(line);
        if (node.isArray()) {
          rows++;
          return row(node);
        }
        if (node.has("columns")) {
          columns = row(node.get("columns"));
        } else if (node.has("error")) {
          throw end(new IOException(name + ": " + node.get("error").asText() + " in " + request));
        } else {
          end(null);
          long told = node.get("rows").asLong();
          if (told != rows) {
            throw new IOException(name + " told of " + told + " rows and sent " + rows);
          }
        }
      }
      return null;
    }

    private @Nullable IOException end(@Nullable IOException why) {
      limit.cancel(false);
      ended = true;
      answering = false;
      return why;
    }

    private List<@Nullable String> row(JsonNode array) {
      List<@Nullable String> values = new ArrayList<>(array.size());
      for (JsonNode value : array) {
        values.add(value.isNull() ? null : value.asText());
      }
      return values;
    }
  }
}
