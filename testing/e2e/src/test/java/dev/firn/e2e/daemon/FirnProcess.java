package dev.firn.e2e.daemon;

import dev.firn.change.fault.Backoff;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** Firn's command line in a process of its own, from the built distribution. */
public final class FirnProcess implements AutoCloseable {
  /** As a user adds classes with {@code FIRN_CLASSPATH}. */
  private static final Path OWN_CATALOGS = Path.of("target", "test-classes").toAbsolutePath();

  /** The built distribution's jars. */
  static final Path LIBRARIES =
      Path.of("..", "..", "daemon", "target", "dist", "lib").toAbsolutePath().normalize();

  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration END_LIMIT = Duration.ofSeconds(60);
  private static final int LOG_TAIL_LINES = 60;

  private final Process process;
  private final List<String> arguments;
  private final Path log;
  private final HttpClient http = HttpClient.newHttpClient();

  private FirnProcess(Process process, List<String> arguments, Path log) {
    this.process = process;
    this.arguments = arguments;
    this.log = log;
  }

  /**
   * Starts a command.
   *
   * @param logFolder gets a file with all that the command prints
   * @param arguments the command and its options, as after {@code ./firn}
   */
  public static FirnProcess start(Path logFolder, String... arguments) throws IOException {
    return start(logFolder, Surroundings.ORDINARY, arguments);
  }

  /**
   * What a process is started with.
   *
   * @param options of the JVM
   * @param clockAhead by how much its clock is ahead of the truth
   */
  public record Surroundings(List<String> options, Duration clockAhead) {
    /** As users start it. */
    public static final Surroundings ORDINARY = new Surroundings(List.of(), Duration.ZERO);

    public Surroundings {
      options = List.copyOf(options);
    }

    private void into(Map<String, String> environment) throws IOException {
      if (!clockAhead.isZero()) {
        environment.put("LD_PRELOAD", clockLibrary().toString());
        environment.put("FAKETIME", "+" + clockAhead.toSeconds());
        environment.put("NO_FAKE_STAT", "1"); // the JVM compares the times of its jars
      }
    }

    private static Path clockLibrary() throws IOException {
      try (DirectoryStream<Path> architectures = Files.newDirectoryStream(Path.of("/usr/lib"))) {
        for (Path architecture : architectures) {
          Path library = architecture.resolve("faketime").resolve("libfaketimeMT.so.1");
          if (Files.exists(library)) {
            return library;
          }
        }
      }
      throw new IOException("libfaketime is missing: apt-get install faketime");
    }
  }

  /** As {@link #start(Path, String...)}, in other surroundings. */
  public static FirnProcess start(Path logFolder, Surroundings surroundings, String... arguments)
      throws IOException {
    return start(
        logFolder,
        surroundings,
        AheadOfTime.options(),
        LIBRARIES + File.separator + "*" + File.pathSeparator + OWN_CATALOGS,
        arguments);
  }

  /** With other options than {@link AheadOfTime}'s, and nothing but the distribution. */
  static FirnProcess startApart(Path logFolder, List<String> options, String... arguments)
      throws IOException {
    return start(
        logFolder, Surroundings.ORDINARY, options, LIBRARIES + File.separator + "*", arguments);
  }

  private static FirnProcess start(
      Path logFolder,
      Surroundings surroundings,
      List<String> options,
      String classPath,
      String... arguments)
      throws IOException {
    if (!Files.isDirectory(LIBRARIES)) {
      throw new IOException(LIBRARIES + " is missing: build the daemon (mvn package) first");
    }
    Path log = Files.createTempFile(Files.createDirectories(logFolder), "firn-", ".log");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx768m");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    // not the tests' own, which is on the class path too
    command.add("-Dlogback.configurationFile=logback.xml");
    command.addAll(options);
    command.addAll(surroundings.options());
    command.add("-cp");
    command.add(classPath);
    command.add("dev.firn.daemon.Main");
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(logFolder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    surroundings.into(builder.environment());
    return new FirnProcess(builder.start(), List.of(arguments), log);
  }

  /** Runs a command to its end and returns its exit code. */
  public static int run(Path logFolder, String... arguments)
      throws IOException, InterruptedException {
    try (FirnProcess command = start(logFolder, arguments)) {
      return command.awaitExit();
    }
  }

  /**
   * Waits until {@code /health/ready} answers 200.
   *
   * @throws IOException when the process ends, or the limit is reached, with the end of its log
   */
  public void awaitReady(int httpPort, Duration limit) throws IOException, InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    URI ready = URI.create("http://127.0.0.1:" + httpPort + "/health/ready");
    while (!isReady(ready)) {
      requireAlive();
      if (System.nanoTime() > end) {
        throw failure("was not ready within " + limit);
      }
      Backoff.pause(POLL);
    }
  }

  /**
   * Waits until a condition holds.
   *
   * @throws IOException when the process ends, or the limit is reached, with the end of its log
   */
  public void await(Duration limit, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + limit.toNanos();
    while (!condition.call()) {
      requireAlive();
      if (System.nanoTime() > end) {
        throw failure("did not come there within " + limit);
      }
      Backoff.pause(POLL);
    }
  }

  private boolean isReady(URI uri) throws InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(5)).build();
    try {
      return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      // Nobody listens yet.
      return false;
    }
  }

  /**
   * Makes sure that the process runs.
   *
   * @throws IOException when it has ended, with the end of its log
   */
  public void requireAlive() throws IOException {
    if (!process.isAlive()) {
      throw failure("ended with exit code " + process.exitValue());
    }
  }

  /** The most memory that the process had so far, bytes. */
  public long peakBytes() throws IOException {
    return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
        .findFirst()
        .orElseThrow(() -> new IOException("the system does not say how large the process is"));
  }

  /** Whether the process runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Asks the process to end (SIGTERM) and returns its exit code. */
  public int terminate() throws IOException, InterruptedException {
    askToEnd();
    return awaitExit();
  }

  /** Asks the process to end (SIGTERM), and does not wait. */
  public void askToEnd() {
    process.destroy();
  }

  /** Ends the process at once (SIGKILL). */
  public void kill() throws IOException, InterruptedException {
    process.destroyForcibly();
    awaitExit();
  }

  /** Stops the process where it is (SIGSTOP), until {@link #resume}. */
  public void freeze() throws IOException, InterruptedException {
    signal("-STOP");
  }

  /** Lets a frozen process go on (SIGCONT). */
  public void resume() throws IOException, InterruptedException {
    signal("-CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    Process kill =
        new ProcessBuilder("kill", signal, Long.toString(process.pid())).inheritIO().start();
    if (kill.waitFor() != 0) {
      throw new IOException("kill " + signal + " " + process.pid() + " failed");
    }
  }

  /** Waits for the process's own end and returns its exit code. */
  public int awaitExit() throws IOException, InterruptedException {
    return awaitExit(END_LIMIT);
  }

  /** As {@link #awaitExit()}, within a limit. */
  int awaitExit(Duration limit) throws IOException, InterruptedException {
    if (!process.waitFor(limit)) {
      throw failure("did not end within " + limit);
    }
    return process.exitValue();
  }

  /** All that the process printed. */
  public String log() throws IOException {
    return Files.readString(log, StandardCharsets.UTF_8);
  }

  private IOException failure(String what) throws IOException {
    List<String> lines = log().lines().toList();
    return new IOException(
        "firn "
            + String.join(" ", arguments)
            + " "
            + what
            + "; the end of "
            + log
            + ":\n"
            + String.join(
                "\n", lines.subList(Math.max(0, lines.size() - LOG_TAIL_LINES), lines.size())));
  }

  @Override
  public void close() {
    http.close();
    process.destroyForcibly();
  }
}
