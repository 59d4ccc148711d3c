package dev.firn.testing;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Nessie server, the real one, in a process of its own on loopback: an Iceberg REST catalog that
 * commits several tables at once, and whose every commit has a hash by which all tables can be read
 * as they were. It keeps its commits in memory and the tables in a bucket. It stops with {@link
 * #close()}, or when this JVM ends, however it ends. Needs {@code firn-testing-nessie} on the class
 * path.
 */
public final class NessieServer implements AutoCloseable {
  private static final Duration STARTUP_LIMIT = Duration.ofSeconds(90);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(20);
  private static final Duration REQUEST_LIMIT = Duration.ofSeconds(30);
  private static final Pattern LISTENING = Pattern.compile("Listening on: (http://[0-9.]+:[0-9]+)");
  private static final Pattern HASH = Pattern.compile("\"hash\"\\s*:\\s*\"([0-9a-f]+)\"");

  /** As Nessie names the beginning of all branches. */
  private static final String NO_ANCESTOR =
      "{\"type\":\"DETACHED\",\"hash\":"
          + "\"2e1cfa82b035c26cbbbdae632cea070514eb8b773f616aaeaf668e2f0be8f10d\"}";

  private final Process process;
  private final ServerGuard guard;
  private final URI uri;
  private final HttpClient http = HttpClient.newHttpClient();

  private NessieServer(Process process, ServerGuard guard, URI uri) {
    this.process = process;
    this.guard = guard;
    this.uri = uri;
  }

  /**
   * Starts a server, with one branch, {@code main}.
   *
   * @param log gets what it prints
   * @param s3 keeps the tables; it need not be up yet
   * @param warehouse where in there: {@code s3://bucket/path}
   */
  public static NessieServer start(Path log, URI s3, String warehouse)
      throws IOException, InterruptedException {
    Path folder = folder();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                // its classes as the run before left them: less than half the time to start
                "-XX:+AutoCreateSharedArchive",
                "-XX:SharedArchiveFile=" + folder.resolve("nessie.jsa"),
                "-Xlog:cds=off",
                "-Xlog:aot=off",
                "-Dquarkus.http.host=127.0.0.1",
                "-Dquarkus.http.port=0",
                "-Dquarkus.management.host=127.0.0.1",
                "-Dquarkus.management.port=0",
                "-Dquarkus.log.file.enable=false",
                "-Dnessie.version.store.type=IN_MEMORY",
                "-Dnessie.catalog.default-warehouse=lake",
                "-Dnessie.catalog.warehouses.lake.location=" + warehouse,
                "-Dnessie.catalog.service.s3.default-options.endpoint=" + s3,
                "-Dnessie.catalog.service.s3.default-options.path-style-access=true",
                "-Dnessie.catalog.service.s3.default-options.region=us-east-1",
                "-Dnessie.catalog.service.s3.default-options.access-key="
                    + "urn:nessie-secret:quarkus:bucket.key",
                // clients sign for themselves: Iceberg's newer ones look elsewhere for the signer
                "-Dnessie.catalog.service.s3.default-options.request-signing-enabled=false",
                "-Dbucket.key.name=" + LocalS3.ACCESS_KEY,
                "-Dbucket.key.secret=" + LocalS3.SECRET_KEY,
                "-jar",
                folder.resolve("nessie.jar").toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    ServerGuard guard = ServerGuard.over(process.toHandle());
    try {
      return new NessieServer(process, guard, awaitStart(process, log));
    } catch (IOException | InterruptedException e) {
      try (guard) {
        process.destroyForcibly();
      }
      throw e;
    }
  }

  private static Path folder() throws IOException {
    try (InputStream stream = NessieServer.class.getResourceAsStream("/nessie/nessie.properties")) {
      if (stream == null) {
        throw new IOException("firn-testing-nessie is no dependency here");
      }
      Properties properties = new Properties();
      properties.load(stream);
      return Path.of(properties.getProperty("folder"));
    }
  }

  private static URI awaitStart(Process process, Path log)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + STARTUP_LIMIT.toNanos();
    while (System.nanoTime() < end) {
      Matcher listening = LISTENING.matcher(Files.readString(log));
      if (listening.find()) {
        return URI.create(listening.group(1));
      }
      if (process.waitFor(100, TimeUnit.MILLISECONDS)) {
        break;
      }
    }
    throw new IOException("Nessie did not start; its log:\n" + Files.readString(log));
  }

  /** Where Iceberg's REST clients find a branch, or a branch at a hash: {@code main@<hash>}. */
  public URI iceberg(String reference) {
    return uri.resolve("/iceberg/" + URLEncoder.encode(reference, StandardCharsets.UTF_8));
  }

  /** The server. */
  public URI uri() {
    return uri;
  }

  /** The hash of a branch's newest commit. */
  public String hash(String branch) throws IOException, InterruptedException {
    String answer = send(HttpRequest.newBuilder(uri.resolve("/api/v2/trees/" + branch)).GET());
    Matcher hash = HASH.matcher(answer);
    if (!hash.find()) {
      throw new IOException("no hash in " + answer);
    }
    return hash.group(1);
  }

  /** The hashes of a branch's commits, the newest first; at most 250. */
  public List<String> hashes(String branch) throws IOException, InterruptedException {
    String answer =
        send(
            HttpRequest.newBuilder(
                    uri.resolve("/api/v2/trees/" + branch + "/history?max-records=250"))
                .GET());
    return HASH.matcher(answer).results().map(found -> found.group(1)).toList();
  }

  /** Sets a branch to another commit: all its tables are as they were then. */
  public void assign(String branch, String hash) throws IOException, InterruptedException {
    String ignored =
        send(
            HttpRequest.newBuilder(
                    uri.resolve("/api/v2/trees/" + branch + "@" + hash(branch) + "?type=BRANCH"))
                .header("Content-Type", "application/json")
                .PUT(
                    HttpRequest.BodyPublishers.ofString(
                        "{\"type\":\"DETACHED\",\"hash\":\"" + hash + "\"}")));
  }

  /** Makes an empty branch. */
  public void makeBranch(String branch) throws IOException, InterruptedException {
    String ignored =
        send(
            HttpRequest.newBuilder(uri.resolve("/api/v2/trees?type=BRANCH&name=" + branch))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(NO_ANCESTOR)));
  }

  private String send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        http.send(request.timeout(REQUEST_LIMIT).build(), HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException("Nessie answered " + answer.statusCode() + ": " + answer.body());
    }
    return answer.body();
  }

  /** The process id of the server, for tests that freeze or kill it. */
  public long pid() {
    return process.pid();
  }

  /** Stops the server and waits for its end; what it knew is gone, what is in the bucket stays. */
  @Override
  public void close() throws IOException {
    http.close();
    process.destroy();
    try {
      process.onExit().get(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    } finally {
      guard.close();
    }
  }
}
