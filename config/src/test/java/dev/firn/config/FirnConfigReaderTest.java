package dev.firn.config;

import static dev.firn.config.ConfigFile.CATALOG;
import static dev.firn.config.ConfigFile.MINIMAL;
import static dev.firn.config.ConfigFile.REPLICATE;
import static dev.firn.config.ConfigFile.SOURCE;
import static dev.firn.config.ConfigFile.TABLES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.config.PartitionField.Transform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FirnConfigReaderTest {
  @TempDir private Path folder;
  private ConfigFile file;

  @BeforeEach
  void environment() {
    file =
        new ConfigFile(
            folder, Map.of("PG_PASSWORD", "from-the-environment", "BUCKET", "lake", "EMPTY", ""));
  }

  private static String source(String url) {
    return "source: { type: postgres, url: \"" + url + "\" }\n" + CATALOG + REPLICATE + TABLES;
  }

  private SourceConfig readSource(String url) {
    return file.read(source(url)).source();
  }

  @Test
  void readsTheExampleOfTheDesignWithoutThePartsThatAreNotBuilt() throws IOException {
    Path password = Files.writeString(folder.resolve("pg"), "s3cret\n");
    FirnConfig config =
        file.read(
            """
            source:
              type: postgres
              url: postgresql://replicator@db.internal:5432/shop
              password: ${file:%s}
            catalog:
              type: rest                      # jdbc | rest | any CatalogUtil implementation by class
              uri: http://polaris:8181/api/catalog
              warehouse: s3://lake/shop
              properties: { s3.endpoint: http://localstack:4566 }
            replicate:
              readers: [spark, trino, snowflake]
              checkpoint: { every: 10s, max-rows: 500k }
            tables:
              - match: public.*               # later entries refine earlier ones
              - match: public.orders
                key: [id]
                partition-by: [day(created_at)]
            """
                .replace("%s", password.toString()));

    assertThat(config.source().address()).isEqualTo("db.internal:5432/shop");
    assertThat(config.source().user()).isEqualTo("replicator");
    assertThat(config.source().password().reveal()).isEqualTo("s3cret");
    assertThat(config.source().parameters()).containsExactly(Map.entry("sslmode", "verify-full"));
    assertThat(config.catalog().type()).isEqualTo(CatalogConfig.Type.REST);
    assertThat(config.catalog().properties().get("s3.endpoint").reveal())
        .isEqualTo("http://localstack:4566");
    assertThat(config.replicate().readers()).containsExactly("spark", "trino", "snowflake");
    assertThat(config.replicate().formatVersion()).isEqualTo(3);
    TableSettings orders = config.settingsFor("public", "orders").orElseThrow();
    assertThat(orders.key()).hasValue(List.of("id"));
    assertThat(orders.partitionBy())
        .containsExactly(new PartitionField(Transform.DAY, "created_at", OptionalInt.empty()));
    assertThat(config.settingsFor("public", "customers")).hasValue(TableSettings.NONE);
    assertThat(config.settingsFor("audit", "customers")).isEmpty();
  }

  @Test
  void fillsInTheDefaults() {
    FirnConfig config = file.read(MINIMAL);

    assertThat(config.source().port()).isEqualTo(5432);
    assertThat(config.source().slot()).isEqualTo("firn");
    assertThat(config.source().publication()).isEqualTo("firn");
    assertThat(config.source().password().reveal()).isEmpty();
    assertThat(config.catalog().name()).isEqualTo("firn");
    assertThat(config.catalog().warehouse()).isEmpty();
    assertThat(config.catalog().properties()).isEmpty();
    assertThat(config.replicate().checkpoint())
        .isEqualTo(
            new ReplicateConfig.Checkpoint(Duration.ofSeconds(10), 500_000L, 256L * 1024 * 1024));
    assertThat(config.replicate().maxRowBytes()).isEqualTo(64L * 1024 * 1024);
    assertThat(config.http()).isEqualTo(new HttpConfig("127.0.0.1", 9464));
  }

  @Test
  void readsEveryKeyThatCanBeGiven() {
    FirnConfig config =
        file.read(
            """
            source:
              type: postgres
              url: postgresql://me@localhost:5433/shop?sslmode=require&connectTimeout=5
              password: "001"
              slot: firn_2
              publication: firn_pub
            catalog:
              type: jdbc
              name: lake
              uri: jdbc:postgresql://pg/catalog
              warehouse: s3://${env:BUCKET}/shop
              properties:
                jdbc.user: me
                s3.path-style-access: true
                s3.multipart.num-threads: 4
            replicate:
              readers: [spark, athena]
              checkpoint: { every: 500ms, max-rows: 2M, max-bytes: 1GB }
              max-row-bytes: 16MiB
            tables:
              - match: public.*
                partition-by: [status]
                sort-by: [id]
              - match: "*.orders"
                key: [shop, id]
                partition-by:
                  - identity(status)
                  - bucket(16, id)
                  - truncate( 8 , name )
                  - hour(created_at)
                sort-by: [customer_id, created_at desc, id asc]
              - match: public.flat
                partition-by: []
            http: { address: 0.0.0.0, port: 0 }
            """);

    assertThat(config.source().parameters())
        .containsOnly(Map.entry("sslmode", "require"), Map.entry("connectTimeout", "5"));
    assertThat(config.source().password().reveal()).isEqualTo("001");
    assertThat(config.source().slot()).isEqualTo("firn_2");
    assertThat(config.source().publication()).isEqualTo("firn_pub");
    assertThat(config.catalog().name()).isEqualTo("lake");
    assertThat(config.catalog().warehouse()).isEqualTo("s3://lake/shop");
    assertThat(config.catalog().properties().get("s3.path-style-access").reveal())
        .isEqualTo("true");
    assertThat(config.catalog().properties().get("s3.multipart.num-threads").reveal())
        .isEqualTo("4");
    assertThat(config.replicate().formatVersion()).isEqualTo(2);
    assertThat(config.replicate().checkpoint())
        .isEqualTo(
            new ReplicateConfig.Checkpoint(Duration.ofMillis(500), 2_000_000L, 1_000_000_000L));
    assertThat(config.replicate().maxRowBytes()).isEqualTo(16L * 1024 * 1024);
    TableSettings orders = config.settingsFor("public", "orders").orElseThrow();
    assertThat(orders.key()).hasValue(List.of("shop", "id"));
    assertThat(orders.partitionBy())
        .containsExactly(
            new PartitionField(Transform.IDENTITY, "status", OptionalInt.empty()),
            new PartitionField(Transform.BUCKET, "id", OptionalInt.of(16)),
            new PartitionField(Transform.TRUNCATE, "name", OptionalInt.of(8)),
            new PartitionField(Transform.HOUR, "created_at", OptionalInt.empty()));
    assertThat(orders.sortBy())
        .containsExactly(
            new SortField("customer_id", false),
            new SortField("created_at", true),
            new SortField("id", false));
    assertThat(config.settingsFor("public", "flat").orElseThrow())
        .isEqualTo(
            new TableSettings(
                java.util.Optional.empty(), List.of(), List.of(new SortField("id", false))));
    assertThat(config.http()).isEqualTo(new HttpConfig("0.0.0.0", 0));
  }

  @Test
  void takesAnyOtherCatalogByItsClass() {
    CatalogConfig catalog =
        file.read(
                SOURCE
                    + "catalog: { type: org.apache.iceberg.aws.glue.GlueCatalog }\n"
                    + REPLICATE
                    + TABLES)
            .catalog();

    assertThat(catalog.type()).isEqualTo(CatalogConfig.Type.CLASS);
    assertThat(catalog.implementation()).isEqualTo("org.apache.iceberg.aws.glue.GlueCatalog");
    assertThat(catalog.uri()).isEmpty();
  }

  @Test
  void decodesUrlsAndKnowsAddressesOfThisMachine() {
    SourceConfig odd = readSource("postgres://a%40b@h_1.x:15432/my%20shop");
    assertThat(odd.user()).isEqualTo("a@b");
    assertThat(odd.address()).isEqualTo("h_1.x:15432/my shop");

    SourceConfig six = readSource("postgresql://me@[2001:db8::7]:5433/shop");
    assertThat(six.host()).isEqualTo("[2001:db8::7]");
    assertThat(six.port()).isEqualTo(5433);
    assertThat(six.parameters()).containsEntry("sslmode", "verify-full");

    for (String local : List.of("localhost", "127.0.0.1", "127.1.2.3", "[::1]")) {
      assertThat(readSource("postgresql://me@" + local + "/shop").parameters())
          .as(local)
          .containsEntry("sslmode", "prefer");
    }
    for (String remote : List.of("localhost.example", "1127.0.0.1", "[2001::1]", "db")) {
      assertThat(readSource("postgresql://me@" + remote + "/shop").parameters())
          .as(remote)
          .containsEntry("sslmode", "verify-full");
    }
    assertThat(readSource("postgresql://me@db/shop?sslmode=disable").parameters())
        .containsEntry("sslmode", "disable");
  }

  @Test
  void aNamedCaMeansThatTheServerIsProvenAlsoOnLoopback() {
    assertThat(readSource("postgresql://me@localhost/shop?sslrootcert=/ca.pem").parameters())
        .containsOnly(Map.entry("sslmode", "verify-full"), Map.entry("sslrootcert", "/ca.pem"));
    assertThat(readSource("postgresql://me@127.0.0.1/shop?ssl=true").parameters())
        .containsEntry("sslmode", "verify-full");
    assertThat(
            readSource("postgresql://me@localhost/shop?sslrootcert=/ca.pem&sslmode=require")
                .parameters())
        .containsEntry("sslmode", "require");
  }

  @Test
  void replacesReferencesWithinLongerTextsAndLeavesDoubledDollars() {
    FirnConfig config =
        file.read(
            SOURCE
                + "  password: a${env:PG_PASSWORD}$${b}${env:EMPTY}\n"
                + CATALOG
                + REPLICATE
                + TABLES);

    assertThat(config.source().password().reveal()).isEqualTo("afrom-the-environment${b}");
  }

  @Test
  void readsASecretsFileAnewAtEachUse() throws IOException {
    Files.writeString(folder.resolve("pg"), "first\r\n");
    Secret password =
        file.read(SOURCE + "  password: ${file:pg}\n" + CATALOG + REPLICATE + TABLES)
            .source()
            .password();
    assertThat(password.reveal()).isEqualTo("first");

    Files.writeString(folder.resolve("pg"), "second\n\n");
    assertThat(password.reveal()).isEqualTo("second\n");

    Files.delete(folder.resolve("pg"));
    assertThatThrownBy(password::reveal)
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            file.path()
                + " has a problem:\n  4:13 source.password: the file "
                + folder.resolve("pg")
                + " does not exist. Create it, or correct the path");
  }

  @Test
  void reportsAllProblemsAtOnceInTheOrderOfTheFile() {
    ConfigException refusal =
        file.refusal(
            """
            source:
              type: postgres
              url: postgresql://me@db/shop
              password: ${env:NOT_SET}
            catalog:
              type: rst
              uri: http://polaris:8181
            replicate:
              checkpoint: { every: 10, max_rows: 5 }
            tables:
              - match: orders
                partition-by: [dya(created_at)]
            colour: red
            """);

    assertThat(refusal)
        .hasMessage(
            file.path()
                + """
                 has 8 problems:
                  4:13 source.password: the environment variable NOT_SET is not set. Set it where Firn is started
                  6:9 catalog.type: 'rst' is not a kind of catalog. Did you mean 'rest'?
                  9:3 replicate.readers: the key is missing. Write it, as in readers: [spark, trino]
                  9:24 replicate.checkpoint.every: '10' is not a duration. Write a whole number with a unit, 100ms to 1h: 500ms, 10s, 5m or 1h
                  9:28 replicate.checkpoint.max_rows: 'max_rows' is not a key of checkpoint. Did you mean 'max-rows'?
                  11:12 tables[0].match: 'orders' is not a table pattern. Write schema.table, each with * for any characters, as in public.* or *.orders
                  12:20 tables[0].partition-by[0]: 'dya(created_at)' has an unknown transform. Did you mean 'day'?
                  13:1 colour: 'colour' is not a key of the file. Its keys are source, catalog, replicate, tables, http\
                """);
    assertThat(refusal.file()).isEqualTo(file.path().toString());
    assertThat(refusal.problems().getFirst())
        .isEqualTo(
            new Problem(
                "source.password",
                4,
                13,
                "the environment variable NOT_SET is not set",
                "Set it where Firn is started"));
  }
}
