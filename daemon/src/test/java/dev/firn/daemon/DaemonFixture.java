package dev.firn.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.daemon.print.Output;
import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.LocalS3;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.stream.Collectors;

/** What tests of the daemon and of its commands share: a config and a command line. */
public final class DaemonFixture {
  /** The config's tables. */
  static final String TABLES = "tables: [ { match: public.good } ]\n";

  private DaemonFixture() {}

  /**
   * The text of a config that mirrors the table {@code good} into the bucket {@code lake}, with a
   * checkpoint each second; another one comes of it by replacing.
   *
   * @param folder holds the catalog
   */
  public static String config(EmbeddedPostgres postgres, LocalS3 s3, Path folder) {
    return "source:\n  type: postgres\n  url: postgresql://postgres@127.0.0.1:"
        + postgres.port()
        + "/postgres\n  password: postgres\n"
        + "catalog:\n  type: jdbc\n  name: lake\n  uri: jdbc:sqlite:"
        + folder.resolve("catalog.db")
        + "\n  warehouse: s3://lake/shop\n  properties:\n"
        + s3.fileIoProperties().entrySet().stream()
            .map(e -> "    " + e.getKey() + ": \"" + e.getValue() + "\"\n")
            .collect(Collectors.joining())
        + "replicate: { readers: [spark], checkpoint: { every: 1s } }\nhttp: { port: 0 }\n"
        + TABLES;
  }

  /** Runs a command, which must succeed, and gives what it printed. */
  static String firn(String command, Path config) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
    int code =
        new Main(new Output(stream, stream), Map.of(), Clock.systemUTC())
            .run(command, "-c", config.toString());
    String text = out.toString(StandardCharsets.UTF_8);
    assertThat(code).as(text).isZero();
    return text;
  }
}
