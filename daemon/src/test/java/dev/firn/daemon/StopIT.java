package dev.firn.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Backoff;
import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.LocalS3;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SIGTERM to a daemon in a process of its own. */
class StopIT {
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final int TRIES = 1200;

  /** Compose's: then it kills. */
  private static final long GRACE_SECONDS = 60;

  @TempDir private Path folder;

  @Test
  void aBucketThatIsGoneDoesNotHoldAStopUpAndNothingIsLost() throws Exception {
    Path objects = folder.resolve("s3");
    LocalS3 s3 = LocalS3.start(objects, 0, "lake");
    int port = s3.endpoint().getPort();
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start();
        Connection connection = postgres.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE good (id bigint PRIMARY KEY)");
      Path config =
          Files.writeString(
              folder.resolve("firn.yaml"), DaemonFixture.config(postgres, s3, folder));
      DaemonFixture.firn("setup", config);

      Path log = folder.resolve("first.log");
      Process first = start(config, log);
      try {
        await(first, log, "0 rows loaded");
        statement.execute("INSERT INTO good VALUES (1)");
        await(first, log, "1 row change in 1 table");
        s3.close();
        statement.execute("INSERT INTO good VALUES (2)");
        await(first, log, "could not be reached");
        awaitOpening(first, log);
        first.destroy();
        assertThat(first.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)).as(text(log)).isTrue();
      } finally {
        first.destroyForcibly();
      }
      assertThat(first.exitValue()).as(text(log)).isEqualTo(ExitCode.REPLICA_UNREACHABLE.code());
      assertThat(text(log).lines().filter(line -> line.startsWith("firn: ")))
          .singleElement()
          .asString()
          .contains("did not end within 25 s");
      assertThat(text(log)).contains("Nothing is lost");

      try (LocalS3 again = LocalS3.start(objects, port, "lake")) {
        assertThat(again.endpoint().getPort()).isEqualTo(port);
        log = folder.resolve("second.log");
        Process second = start(config, log);
        try {
          await(second, log, "1 row change in 1 table");
          second.destroy();
          assertThat(second.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)).as(text(log)).isTrue();
        } finally {
          second.destroyForcibly();
        }
        assertThat(second.exitValue()).as(text(log)).isZero();
        assertThat(DaemonFixture.firn("status", config)).containsPattern("public.good +yes +2 ");
      }
    }
  }

  private static Process start(Path config, Path log) throws Exception {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.firn.daemon.Main",
            "run",
            "-c",
            config.toString())
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  private static void await(Process process, Path log, String line) throws Exception {
    for (int i = 0; i < TRIES && !text(log).contains(line); i++) {
      assertThat(process.isAlive()).as(text(log)).isTrue();
      Backoff.pause(PAUSE);
    }
    assertThat(text(log)).contains(line);
  }

  /** There it hangs: the replica's tables cannot be read. */
  private static void awaitOpening(Process process, Path log) throws Exception {
    Matcher address = Pattern.compile("meters at (\\S+)").matcher(text(log));
    assertThat(address.find()).isTrue();
    URI live = URI.create(address.group(1)).resolve("/health/live");
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request = HttpRequest.newBuilder(live).build();
      String body = "";
      for (int i = 0; i < TRIES && !body.contains("OPENING"); i++) {
        assertThat(process.isAlive()).as(text(log)).isTrue();
        Backoff.pause(PAUSE);
        body = client.send(request, HttpResponse.BodyHandlers.ofString()).body();
      }
      assertThat(body).contains("OPENING");
    }
  }

  private static String text(Path log) throws Exception {
    return Files.readString(log);
  }
}
