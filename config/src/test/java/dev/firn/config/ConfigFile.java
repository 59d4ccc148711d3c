package dev.firn.config;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Writes config files for tests and reads them. */
record ConfigFile(Path folder, Map<String, String> environment) {
  static final String SOURCE =
      """
      source:
        type: postgres
        url: postgresql://replicator@db.internal/shop
      """;
  static final String CATALOG =
      """
      catalog:
        type: rest
        uri: http://polaris:8181/api/catalog
      """;
  static final String REPLICATE =
      """
      replicate:
        readers: [spark, trino]
      """;
  static final String TABLES =
      """
      tables:
        - match: public.*
      """;
  static final String MINIMAL = SOURCE + CATALOG + REPLICATE + TABLES;

  Path path() {
    return folder.resolve("firn.yaml");
  }

  FirnConfig read(String yaml) {
    try {
      return new FirnConfigReader(environment).read(Files.writeString(path(), yaml));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  ConfigException refusal(String yaml) {
    return catchThrowableOfType(ConfigException.class, () -> read(yaml));
  }

  List<String> problems(String yaml) {
    return refusal(yaml).problems().stream().map(Problem::text).toList();
  }
}
