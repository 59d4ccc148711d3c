package dev.firn.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoIT {
  @TempDir Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void theDemoEndsEqualOnEveryTable() throws Exception {
    int code =
        demo("--seconds", "8", "--rate", "50", "--json", "--data", folder.resolve("d").toString());

    assertThat(code).as(err.toString(StandardCharsets.UTF_8)).isZero();
    JsonNode result = new ObjectMapper().readTree(out.toByteArray());
    assertThat(result.get("equal").asBoolean()).isTrue();
    assertThat(result.get("tables")).hasSize(5);
    assertThat(result.get("changes").asDouble()).isPositive();
    for (JsonNode table : result.get("tables")) {
      assertThat(table.get("sourceRows").asLong())
          .as(table.get("table").asText())
          .isPositive()
          .isEqualTo(table.get("replicaRows").asLong());
    }
    assertThat(folder.resolve("d/firn.yaml")).exists();
    assertThat(Files.readString(folder.resolve("d/firn.log"))).contains("checkpoint");
  }

  @Test
  void aFolderWithSomethingElseInItIsNotEmptied() throws Exception {
    Path precious = Files.writeString(folder.resolve("precious.txt"), "keep me");

    int code = demo("--data", folder.toString());

    assertThat(code).isEqualTo(2);
    assertThat(precious).hasContent("keep me");
    assertThat(err.toString(StandardCharsets.UTF_8)).contains(folder.toString());
  }

  private int demo(String... arguments) {
    return Main.run(
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        arguments);
  }
}
