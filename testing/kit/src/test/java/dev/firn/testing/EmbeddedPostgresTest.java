package dev.firn.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class EmbeddedPostgresTest {
  @ParameterizedTest
  @ValueSource(ints = {EmbeddedPostgres.OLDEST, EmbeddedPostgres.NEWEST})
  void bothEndsOfTheSupportedVersionsDecodeLogicallyAndCommitDurably(int version) throws Exception {
    try (EmbeddedPostgres server = EmbeddedPostgres.start(version);
        Connection connection = server.connect("postgres")) {
      assertThat(single(connection, "SHOW server_version")).startsWith(version + ".");
      assertThat(single(connection, "SHOW wal_level")).isEqualTo("logical");
      assertThat(single(connection, "SHOW synchronous_commit")).isEqualTo("on");
      assertThat(single(connection, "SHOW fsync")).isEqualTo("on");
      assertThat(single(connection, "SHOW listen_addresses")).isEqualTo("localhost");
      assertThat(
              single(
                  connection,
                  "SELECT slot_name FROM pg_create_logical_replication_slot('s', 'pgoutput')"))
          .isEqualTo("s");
    }
  }

  @Test
  void twoVersionsRunBesideEachOther() throws Exception {
    try (EmbeddedPostgres old = EmbeddedPostgres.start(EmbeddedPostgres.OLDEST);
        EmbeddedPostgres current = EmbeddedPostgres.start();
        Connection first = old.connect("postgres");
        Connection second = current.connect("postgres")) {
      assertThat(single(first, "SHOW server_version")).startsWith("14.");
      assertThat(single(second, "SHOW server_version")).startsWith("18.");
    }
  }

  @Test
  void aFolderKeepsItsData(@TempDir Path folder) throws Exception {
    Path data = folder.resolve("data");
    try (EmbeddedPostgres server = EmbeddedPostgres.start(data, 0);
        Connection connection = server.connect("postgres")) {
      connection.createStatement().execute("CREATE TABLE kept AS SELECT 42 AS answer");
    }
    try (EmbeddedPostgres server = EmbeddedPostgres.start(data, 0);
        Connection connection = server.connect("postgres")) {
      assertThat(single(connection, "SELECT answer FROM kept")).isEqualTo("42");
    }
  }

  @Test
  void dataOfAnotherVersionIsRefused(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("PG_VERSION"), "16\n");

    assertThatThrownBy(() -> EmbeddedPostgres.start(folder, 0))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("PostgreSQL 16");
  }

  @Test
  void theServerEndsWhenItsJvmIsKilledAndItsFolderStartsAgain(@TempDir Path folder)
      throws Exception {
    Path data = folder.resolve("data");
    Process jvm =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                ServerInAJvm.class.getName(),
                data.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    Optional<ProcessHandle> postmaster;
    try (BufferedReader output = jvm.inputReader()) {
      postmaster = ProcessHandle.of(Long.parseLong(output.readLine()));
      jvm.destroyForcibly();
      assertThat(jvm.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }

    try (EmbeddedPostgres server = EmbeddedPostgres.start(data, 0);
        Connection connection = server.connect("postgres")) {
      assertThat(postmaster.map(ProcessHandle::isAlive).orElse(false)).isFalse();
      assertThat(single(connection, "SELECT answer FROM kept")).isEqualTo("42");
    }
  }

  @Test
  void closingEndsTheServer() throws Exception {
    EmbeddedPostgres server = EmbeddedPostgres.start();
    ProcessHandle postmaster = ProcessHandle.of(server.pid()).orElseThrow();
    server.close();

    assertThat(postmaster.isAlive()).isFalse();
  }

  private static String single(Connection connection, String sql) throws SQLException {
    try (var rows = connection.createStatement().executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  /** Starts a server, prints its process id, and waits to be killed. */
  static final class ServerInAJvm {
    public static void main(String[] arguments) throws Exception {
      EmbeddedPostgres server = EmbeddedPostgres.start(Path.of(arguments[0]), 0);
      try (Connection connection = server.connect("postgres")) {
        connection.createStatement().execute("CREATE TABLE kept AS SELECT 42 AS answer");
      }
      System.out.println(server.pid());
      System.in.read();
    }
  }
}
