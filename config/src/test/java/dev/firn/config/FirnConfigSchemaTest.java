package dev.firn.config;

import static dev.firn.config.ConfigFile.CATALOG;
import static dev.firn.config.ConfigFile.MINIMAL;
import static dev.firn.config.ConfigFile.REPLICATE;
import static dev.firn.config.ConfigFile.SOURCE;
import static dev.firn.config.ConfigFile.TABLES;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an editor marks and what the reader refuses agree. */
class FirnConfigSchemaTest {
  private static final JsonSchema SCHEMA =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
          .getSchema(FirnConfigSchema.json());

  @TempDir private Path folder;

  private static boolean valid(String yaml) throws IOException {
    JsonNode value = YAMLMapper.builder().build().readTree(yaml);
    return SCHEMA.validate(value).isEmpty();
  }

  @Test
  void allowsWhatTheReaderReads() throws IOException {
    ConfigFile file = new ConfigFile(folder, Map.of("A", "5m", "S", "firn"));
    for (String yaml :
        List.of(
            MINIMAL,
            SOURCE + "  password: 7\n  slot: ${env:S}_1\n" + CATALOG + REPLICATE + TABLES,
            SOURCE + CATALOG + "  properties: { a: true, b: 1, c: d }\n" + REPLICATE + TABLES,
            SOURCE + "catalog: { type: a.b.C }\n" + REPLICATE + TABLES,
            SOURCE
                + CATALOG
                + REPLICATE
                + "  checkpoint: { every: '${env:A}', max-rows: 5000, max-bytes: 64MiB }\n"
                + TABLES,
            MINIMAL
                + "    key: [a, b]\n    partition-by: [a, day(b), 'bucket(16, c)', 'truncate( 8 , d"
                + " )', identity(e)]\n    sort-by: [a, b desc, c asc]\n",
            MINIMAL + "  - match: '*.a*b'\n    partition-by: []\n",
            MINIMAL + "http: { port: 0 }\n")) {
      assertThat(file.read(yaml)).isNotNull();
      assertThat(valid(yaml)).as(yaml).isTrue();
    }
  }

  @Test
  void marksWhatTheReaderRefusesByFormAlone() throws IOException {
    ConfigFile file = new ConfigFile(folder, Map.of());
    for (String yaml :
        List.of(
            SOURCE + CATALOG + REPLICATE,
            MINIMAL + "colour: red\n",
            MINIMAL + "    mask: { card_number: sha256 }\n",
            MINIMAL + "reconcile: { every: 1h }\n",
            MINIMAL + "    key: id\n",
            MINIMAL + "    key: []\n",
            MINIMAL + "    partition-by: [bucket(id)]\n",
            MINIMAL + "    partition-by: [days(id)]\n",
            MINIMAL + "    sort-by: [a down]\n",
            MINIMAL + "  - match: orders\n",
            MINIMAL + "http: { port: http }\n",
            SOURCE + "  slot: Firn\n" + CATALOG + REPLICATE + TABLES,
            SOURCE + "catalog: { type: hadoop }\n" + REPLICATE + TABLES,
            SOURCE + CATALOG + "  properties: { warehouse: a }\n" + REPLICATE + TABLES,
            SOURCE + CATALOG + "replicate: { readers: [hive] }\n" + TABLES,
            SOURCE + CATALOG + REPLICATE + "  checkpoint: { every: 10 }\n" + TABLES,
            "source: { type: mysql, url: 'postgresql://u@h/d' }\n" + CATALOG + REPLICATE + TABLES,
            "source: { type: postgres, url: 'mysql://u@h/d' }\n" + CATALOG + REPLICATE + TABLES)) {
      assertThat(file.problems(yaml)).as(yaml).isNotEmpty();
      assertThat(valid(yaml)).as(yaml).isFalse();
    }
  }

  @Test
  void describesEveryKey() throws IOException {
    List<JsonNode> keys = new ArrayList<>();
    collectKeys(YAMLMapper.builder().build().readTree(FirnConfigSchema.json()), keys);
    assertThat(keys)
        .hasSizeGreaterThan(25)
        .allSatisfy(key -> assertThat(key.path("description").asText()).endsWith("."));
  }

  private static void collectKeys(JsonNode schema, List<JsonNode> keys) {
    for (JsonNode key : schema.path("properties")) {
      keys.add(key);
      collectKeys(key, keys);
    }
    if (schema.has("items")) {
      collectKeys(schema.get("items"), keys);
    }
  }
}
