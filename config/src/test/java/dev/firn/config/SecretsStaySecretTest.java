package dev.firn.config;

import static dev.firn.config.ConfigFile.CATALOG;
import static dev.firn.config.ConfigFile.REPLICATE;
import static dev.firn.config.ConfigFile.SOURCE;
import static dev.firn.config.ConfigFile.TABLES;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretsStaySecretTest {
  private static final String SECRET = "hunter2";

  @TempDir private Path folder;

  private ConfigFile file() throws IOException {
    Files.writeString(folder.resolve("secret"), SECRET);
    return new ConfigFile(folder, Map.of("SECRET", SECRET));
  }

  @Test
  void noConfigPrintsASecret() throws IOException {
    for (String written : List.of(SECRET, "${env:SECRET}", "${file:secret}", "x-${env:SECRET}")) {
      FirnConfig config =
          file()
              .read(
                  SOURCE
                      + "  password: "
                      + written
                      + "\n"
                      + CATALOG
                      + "  properties:\n    credential: "
                      + written
                      + "\n"
                      + REPLICATE
                      + TABLES);

      assertThat(config.source().password().reveal()).endsWith(SECRET);
      assertThat(config.catalog().properties().get("credential").reveal()).endsWith(SECRET);
      assertThat(config.toString()).contains("***").doesNotContain(SECRET);
    }
  }

  @Test
  void noProblemPrintsASecretWhereverItWasWritten() throws IOException {
    List<String> wrong =
        List.of(
            "source: hunter2\n",
            "source: [hunter2]\n",
            "source: { passwort: hunter2 }\n",
            "source: { password: { hunter2: 1 } }\n",
            "source: { password: [hunter2 }\n",
            "source:\n  password: \"hunter2\n",
            "source:\n  password: @hunter2\n",
            "source:\n  password: %hunter2\n",
            "source:\n  password: a: hunter2\n",
            "source:\n  password: !hunter2\n",
            "source:\n  password: !hunter2!a b\n",
            "source:\n  password: *hunter2\n",
            "source:\n  password: &hunter2\n",
            "source:\n  password: ${hunter2}\n",
            "source:\n  password: ${hunter2\n",
            "source:\n  password: a\n password: hunter2\n",
            "source:\n  password: a\n  password: hunter2\n",
            "source: { url: 'postgresql://u:hunter2@h/d' }\n",
            "source: { url: 'postgres://u:a:hunter2@h/d' }\n",
            "source: { url: 'mysql://u:hunter2@h/d' }\n",
            "source: { url: 'postgresql://u:hunter2/x@h/d' }\n",
            "source: { url: 'postgresql://u:x?hunter2@h/d' }\n",
            "source: { url: 'postgresql://u@h/d?password=hunter2' }\n",
            "source: { url: 'postgresql://u@h/d?sslpassword=hunter2&x' }\n",
            "source: { url: 'postgresql://u:${env:SECRET}@h/d' }\n",
            "source: { url: '${env:SECRET}', slot: '${file:secret}!' }\n",
            "catalog: { type: '${env:SECRET}', uri: 'jdbc:a?password=${env:SECRET}' }\n",
            "catalog: { type: rest, uri: 'https://a:hunter2@h' }\n",
            "catalog: { type: jdbc, uri: 'jdbc:postgresql://h/d?user=a&password=hunter2' }\n",
            "catalog: { type: jdbc, warehouse: 's3://k:hunter2@b' }\n",
            "catalog: { properties: hunter2 }\n",
            "catalog: { properties: { uri: hunter2, a: { b: hunter2 }, c: [hunter2] } }\n",
            "catalog: { propertys: { s3.secret-access-key: hunter2 } }\n",
            "tables: [{ match: '${env:SECRET}', key: ['${env:SECRET} '] }]\n",
            "alerts: { routes: [{ url: hunter2 }] }\n");
    for (String yaml : wrong) {
      ConfigException refusal = file().refusal(yaml);
      StringWriter trace = new StringWriter();
      refusal.printStackTrace(new PrintWriter(trace));

      assertThat(trace.toString() + refusal.problems()).as(yaml).doesNotContain(SECRET);
    }
  }
}
