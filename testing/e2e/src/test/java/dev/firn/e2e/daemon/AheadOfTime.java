package dev.firn.e2e.daemon;

import dev.firn.testing.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;

/**
 * The JDK's cache of classes that were loaded and linked before (JEP 514): the tests start a daemon
 * hundreds of times, and this takes most of the time from that. It is made by a daemon that mirrors
 * one table; a JVM that cannot use it, as one with an agent cannot, goes on without.
 */
final class AheadOfTime {
  private static final Path CACHE = Path.of("target", "firn.aot").toAbsolutePath();
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private static boolean made;

  private AheadOfTime() {}

  /** The options of a JVM that is to use it; made where it is missing or older than the jars. */
  static synchronized List<String> options() throws IOException {
    if (!made) {
      if (!Files.exists(CACHE) || isOlder()) {
        make();
      }
      made = true;
    }
    return List.of("-XX:AOTCache=" + CACHE, "-Xlog:disable", "-Xlog:all=error:stderr");
  }

  private static boolean isOlder() throws IOException {
    FileTime cached = Files.getLastModifiedTime(CACHE);
    try (DirectoryStream<Path> jars = Files.newDirectoryStream(FirnProcess.LIBRARIES)) {
      for (Path jar : jars) {
        if (Files.getLastModifiedTime(jar).compareTo(cached) > 0) {
          return true;
        }
      }
    }
    return false;
  }

  private static void make() throws IOException {
    Path folder = Files.createTempDirectory(CACHE.getParent(), "ahead-of-time");
    int port = Source.freePort();
    try (Source source = Source.start(folder, EmbeddedPostgres.NEWEST);
        Connection connection = source.connect()) {
      Source.execute(connection, "CREATE TABLE t (id bigint PRIMARY KEY, v text)");
      Source.execute(connection, "INSERT INTO t SELECT g, 'v' FROM generate_series(1, 1000) g");
      String config = source.config(folder.resolve("replica"), port, "public.t").toString();
      try (FirnProcess setup = FirnProcess.startApart(folder, List.of(), "setup", "-c", config)) {
        requireZero(setup);
      }
      List<String> recording = List.of("-XX:AOTCacheOutput=" + CACHE);
      try (FirnProcess firn = FirnProcess.startApart(folder, recording, "run", "-c", config)) {
        firn.awaitReady(port, LIMIT);
        Source.execute(connection, "UPDATE t SET v = 'w'");
        firn.await(LIMIT, () -> Source.meter(port, "firn_checkpoints_total") > 1);
        firn.askToEnd();
        requireZero(firn);
      }
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("the cache of linked classes could not be made", e);
    }
  }

  private static void requireZero(FirnProcess ended) throws IOException, InterruptedException {
    if (ended.awaitExit(LIMIT) != 0) {
      throw new IOException(ended.log());
    }
  }
}
