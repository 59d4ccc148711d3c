package dev.firn.config;

import static dev.firn.config.ConfigFile.CATALOG;
import static dev.firn.config.ConfigFile.MINIMAL;
import static dev.firn.config.ConfigFile.REPLICATE;
import static dev.firn.config.ConfigFile.SOURCE;
import static dev.firn.config.ConfigFile.TABLES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every refused case with its message. */
class RefusedConfigTest {
  private static final String SYNTAX =
      "this is not YAML. Look for a missing colon or blank, a wrong indentation or a tab; put"
          + " values with any of : # { } [ ] , & * ! | > % @ in quotes";
  private static final String DURATION =
      ". Write a whole number with a unit, 100ms to 1h: 500ms, 10s, 5m or 1h";
  private static final String COUNT =
      ". Write a whole number, 1 to 1G, with k, M or G for 10^3, 10^6, 10^9: 500k";
  private static final String BYTES =
      ". Write a whole number with a unit, 1MiB to 64GiB: 64MiB or 1GB";
  private static final String PATTERN =
      ". Write schema.table, each with * for any characters, as in public.* or *.orders";
  private static final String TERM =
      ". Write a column, or year, month, day or hour of one, as in day(created_at), or"
          + " \"bucket(16, id)\" or \"truncate(8, name)\" (in quotes within [ ], because of the"
          + " comma)";
  private static final String URL = ". Write it as postgresql://user@host:5432/database";
  private static final String UNKNOWN_PARAMETER =
      ", which PostgreSQL's JDBC driver does not have, or Firn sets itself. Take it out;"
          + " https://jdbc.postgresql.org/documentation/use lists them";
  private static final String ENGINES =
      "Known are athena, bigquery, databricks, dremio, duckdb, flink, pyiceberg,"
          + " snowflake, spark, starrocks, trino; docs/readers.md says why";

  @TempDir private Path folder;
  private ConfigFile file;

  @BeforeEach
  void environment() {
    file = new ConfigFile(folder, Map.of("EMPTY", "", "WRONG", "the value behind"));
  }

  private void refused(String yaml, String... problems) {
    assertThat(file.problems(yaml)).as(yaml).containsExactly(problems);
  }

  private List<String> unreadable(Path path) {
    ConfigException refusal =
        catchThrowableOfType(
            ConfigException.class, () -> new FirnConfigReader(Map.of()).read(path));
    return refusal.problems().stream().map(Problem::text).toList();
  }

  @Test
  void filesThatCannotBeRead() throws IOException {
    assertThat(unreadable(folder.resolve("none.yaml")))
        .containsExactly("the file does not exist. Create it, or name another with -c");
    assertThat(unreadable(folder)).containsExactly("this is a folder. Name the file in it");
    assertThat(unreadable(Files.write(folder.resolve("latin"), new byte[] {'a', (byte) 0xe4})))
        .containsExactly("the file is not text in UTF-8. Save it as UTF-8");
    assertThat(unreadable(Files.write(folder.resolve("big"), new byte[(1 << 20) + 1])))
        .containsExactly("the file is larger than 1 MiB. Name a config file");
  }

  @Test
  void filesThatAreNotAConfig() {
    refused("", "the file is empty. Start from the example in README.md");
    refused("# nothing\n", "the file is empty. Start from the example in README.md");
    refused("source: [", "1:10 " + SYNTAX);
    refused("source:\n\ttype: x\n", "2:1 " + SYNTAX);
    refused(
        "a: { url: ${env:X}, b: 1 }",
        "1:12 this is not YAML. Within { } or [ ] put references in quotes: \"${env:NAME}\"");
    refused(
        "- a\n- b\n",
        "1:1 a list stands where the file belongs. Write its keys below it, indented: source,"
            + " catalog, replicate, tables, http");
    refused(
        MINIMAL + "---\na: b\n",
        "12:1 a second YAML document starts here. Write one document in a file, without further"
            + " lines of '---'");
  }

  @Test
  void yamlThatWouldChangeValuesSilently() {
    refused(
        MINIMAL + "http: { port: 1 }\nhttp: { port: 2 }\n",
        "12:1 http: the key is given twice. It is in line 11 already: keep one of the two");
    String refusal =
        "anchors (&), aliases (*) and tags (!) are not read. Write the value out; put a text that"
            + " starts with such a character in quotes";
    refused(
        SOURCE + "  password: &hunter2 a\n  slot: *hunter2\n" + CATALOG + REPLICATE + TABLES,
        "4:13 source.password: " + refusal,
        "5:9 source.slot: " + refusal);
    refused(
        SOURCE + "  password: !hunter2 a\n" + CATALOG + REPLICATE + TABLES,
        "4:13 source.password: " + refusal);
    refused(
        "# 🐘\n" + SOURCE + "  password: *hunter2\n" + CATALOG + REPLICATE + TABLES,
        "5:13 source.password: " + refusal);
  }

  @Test
  void filesThatAreNestedTooDeeply() {
    refused(
        MINIMAL + "colour: " + "[".repeat(100) + "]".repeat(100) + "\n",
        "11:1 colour: 'colour' is not a key of the file. Its keys are source, catalog, replicate,"
            + " tables, http",
        "11:73 colour"
            + "[0]".repeat(64)
            + ": the file is nested too deeply. Firn's keys are 4 levels deep");
  }

  @Test
  void missingKeys() {
    refused(
        "http: {}\n",
        "1:1 source: the key is missing. Write it, as in source: { type: postgres, ... }",
        "1:1 catalog: the key is missing. Write it, as in catalog: { type: rest, ... }",
        "1:1 replicate: the key is missing. Write it, as in replicate: { readers: [spark, trino] }",
        "1:1 tables: the key is missing. Write it, as in tables: [{ match: public.* }]");
    refused(
        "source: {}\ncatalog: {}\nreplicate: {}\ntables: [{}]\n",
        "1:9 source.type: the key is missing. Write it, as in type: postgres",
        "1:9 source.url: the key is missing. Write it, as in url:"
            + " postgresql://user@host:5432/database",
        "2:10 catalog.type: the key is missing. Write it, as in type: rest",
        "3:12 replicate.readers: the key is missing. Write it, as in readers: [spark, trino]",
        "4:10 tables[0].match: the key is missing. Write it, as in match: public.*");
    refused(
        SOURCE + "catalog: { type: jdbc }\n" + REPLICATE + TABLES,
        "4:10 catalog.uri: the key is missing. Write it, as in uri:"
            + " jdbc:postgresql://host/database",
        "4:10 catalog.warehouse: the key is missing. Write it, as in warehouse: s3://bucket/path");
    refused(
        SOURCE + "catalog: { type: rest }\n" + REPLICATE + TABLES,
        "4:10 catalog.uri: the key is missing. Write it, as in uri: http://localhost:8181");
  }

  @Test
  void wrongTypes() {
    refused(
        "source:\ncatalog: a\nreplicate: [a]\ntables: { a: b }\nhttp: 9464\n",
        "1:8 source: nothing stands where source belongs. Write its keys below it, indented: type,"
            + " url, password, slot, publication",
        "2:10 catalog: a single value stands where catalog belongs. Write its keys below it,"
            + " indented: type, name, uri, warehouse, properties",
        "3:12 replicate: a list stands where replicate belongs. Write its keys below it, indented:"
            + " readers, checkpoint, max-row-bytes",
        "4:9 tables: a mapping stands where a list of table entries belongs. Write one, as in"
            + " [{ match: public.* }]",
        "5:7 http: a single value stands where http belongs. Write its keys below it, indented:"
            + " address, port");
    refused(
        SOURCE
            + "  password: [hunter2]\n"
            + "  slot: { hunter2: a }\n"
            + CATALOG
            + "  properties: { a: { hunter2: b } }\n"
            + REPLICATE
            + "tables:\n  - match: a.b\n    key: id\n",
        "4:13 source.password: a list stands where a password belongs. Write one, as in"
            + " ${file:/run/secrets/name} or ${env:NAME}",
        "5:9 source.slot: a mapping stands where a slot's name belongs. Write one, as in firn",
        "9:20 catalog.properties.a: a mapping stands where a property belongs. Write one, as in"
            + " ${file:/run/secrets/name} or ${env:NAME}",
        "14:10 tables[0].key: a single value stands where a list of columns belongs. Write one, as"
            + " in [id]");
    refused(
        SOURCE + CATALOG + "replicate: { readers: [] }\ntables: []\n",
        "7:23 replicate.readers: the list is empty. Write a list of engines, as in [spark, trino]",
        "8:9 tables: the list is empty. Write a list of table entries, as in [{ match: public.*"
            + " }]");
  }

  @Test
  void unknownKeys() {
    refused(
        MINIMAL + "    partitionBy: [a]\n    Key: [a]\n    zzz: 1\n",
        "11:5 tables[0].partitionBy: 'partitionBy' is not a key of a table entry. Did you mean"
            + " 'partition-by'?",
        "12:5 tables[0].Key: 'Key' is not a key of a table entry. Did you mean 'key'?",
        "13:5 tables[0].zzz: 'zzz' is not a key of a table entry. Its keys are match, key,"
            + " partition-by, sort-by");
    refused(
        SOURCE + "  passwrod: hunter2\n" + CATALOG + REPLICATE + TABLES,
        "4:3 source.passwrod: 'passwrod' is not a key of source. Did you mean 'password'?");
  }

  @Test
  void keysWhoseFeatureIsNotBuiltYet() {
    refused(
        """
        source: { type: mysql, url: "postgresql://me@db/shop" }
        catalog: { type: rest, uri: "http://c" }
        replicate: { readers: [spark], engine: spark }
        tables:
          - match: public.orders
            mask: { card_number: sha256 }
            contract:
              owner: payments@example.com
            rename: pin
            drop: keep
            type: pause
            add: follow
        reconcile: { every: 1h, at-most: 10m }
        alerts:
          routes: []
        """,
        "1:17 source.type: 'mysql' is not built yet. Only postgres can be mirrored now",
        "3:32 replicate.engine: 'engine' is not built yet: batch work runs in the daemon only."
            + " Take the key out",
        "6:5 tables[0].mask: 'mask' is not built yet: without it the values would land unmasked."
            + " Keep the table out of the replica until masking is built",
        "7:5 tables[0].contract: 'contract' is not built yet: nobody would be told when the table"
            + " breaks it. Take the key out",
        "9:5 tables[0].rename: 'rename' is not built yet: a table whose shape changes stops the"
            + " daemon before that change. Take the key out",
        "10:5 tables[0].drop: 'drop' is not built yet: a table whose shape changes stops the daemon"
            + " before that change. Take the key out",
        "11:5 tables[0].type: 'type' is not built yet: a table whose shape changes stops the daemon"
            + " before that change. Take the key out",
        "12:5 tables[0].add: 'add' is not built yet: a table whose shape changes stops the daemon"
            + " before that change. Take the key out",
        "13:1 reconcile: 'reconcile' is not built yet: nothing would be compared. Take the key out",
        "14:1 alerts: 'alerts' is not built yet: nobody would be alerted. Take the key out");
  }

  @Test
  void kindsOfSourceAndCatalog() {
    refused(
        "source: { type: oracle, url: \"postgresql://me@db/shop\" }\n"
            + CATALOG
            + REPLICATE
            + TABLES,
        "1:17 source.type: 'oracle' is not a kind of database. Write postgres");
    String hadoop =
        "' is refused: Hadoop's catalog commits by renaming a file, which object stores do not do"
            + " atomically, so that commits could be lost. Use type: jdbc or type: rest";
    Map.ofEntries(
            Map.entry("hadoop", hadoop),
            Map.entry("org.apache.iceberg.hadoop.HadoopCatalog", hadoop),
            Map.entry("org.apache.iceberg.hadoop.HadoopTables", hadoop),
            Map.entry(
                "org.apache.iceberg.jdbc.JdbcCatalog",
                "' is Firn's own kind jdbc. Write type: jdbc"),
            Map.entry(
                "org.apache.iceberg.rest.RESTCatalog",
                "' is Firn's own kind rest. Write type: rest"),
            Map.entry(
                "glue",
                "' is not built yet as a kind of its own. Name its class, which is untested: type:"
                    + " org.apache.iceberg.aws.glue.GlueCatalog"),
            Map.entry("polaris", "' is not a kind of catalog. It speaks REST: write type: rest"),
            Map.entry("JDBC", "' is not a kind of catalog. Did you mean 'jdbc'?"),
            Map.entry(
                "file",
                "' is not a kind of catalog. Write jdbc, rest, or the full name of a catalog's"
                    + " class"))
        .forEach((type, says) ->
            refused(
                SOURCE + "catalog: { type: " + type + " }\n" + REPLICATE + TABLES,
                "4:18 catalog.type: '" + type + says));
  }

  @Test
  void catalogsThatCannotWork() {
    refused(
        SOURCE + "catalog: { type: jdbc, uri: http://a, warehouse: lake/a }\n" + REPLICATE + TABLES,
        "4:29 catalog.uri: a jdbc catalog's uri starts with jdbc:. Write"
            + " jdbc:postgresql://host/database",
        "4:50 catalog.warehouse: the location has no scheme. Write s3://bucket/path or"
            + " file:///path");
    refused(
        SOURCE + "catalog: { type: rest, uri: polaris, name: ' ' }\n" + REPLICATE + TABLES,
        "4:29 catalog.uri: a rest catalog's uri starts with http:// or https://. Write the"
            + " server's URL",
        "4:44 catalog.name: ' ' is blank. Write a name, as in firn");
    refused(
        SOURCE
            + "catalog: { type: jdbc, uri: 'jdbc:postgresql://db/c?user=a&password=hunter2',"
            + " warehouse: 's3://a:hunter2@b/c' }\n"
            + REPLICATE
            + TABLES,
        "4:29 catalog.uri: 'jdbc:postgresql://db/c?user=a&password=***' carries a password. Take it"
            + " out, and write it under catalog.properties, as jdbc.password or credential",
        "4:90 catalog.warehouse: 's3://a:***@b/c' carries a password. Take it out, and write it"
            + " under catalog.properties, as jdbc.password or credential");
    refused(
        SOURCE
            + CATALOG
            + "  properties: { warehouse: a, catalog-impl: b, s3.a: }\n"
            + REPLICATE
            + TABLES,
        "7:28 catalog.properties.warehouse: it has a key of its own. Write it as catalog.warehouse",
        "7:45 catalog.properties.catalog-impl: it has a key of its own. Write the class as"
            + " catalog.type",
        "7:53 catalog.properties['s3.a']: nothing stands where a property belongs. Write one, as in"
            + " ${file:/run/secrets/name} or ${env:NAME}");
  }

  @Test
  void parametersOfAPostgresCatalog() {
    refusedCatalog(
        "jdbc:postgresql://db/c?sslrotcert=/ca.pem",
        "has the parameter 'sslrotcert', which PostgreSQL's JDBC driver does not have, or Firn sets"
            + " itself. Did you mean 'sslrootcert'?");
    refusedCatalog("jdbc:postgresql:c?host=db", "has the parameter 'host'" + UNKNOWN_PARAMETER);
    refusedCatalog(
        "jdbc:postgresql://db/c?sslmode=on",
        "has an unknown sslmode. Write one of disable, allow, prefer, require, verify-ca,"
            + " verify-full");
    refusedCatalog(
        "jdbc:postgresql://db/c?ssl",
        "has a parameter that is not name=value. Write ?name=value&name=value");
  }

  private void refusedCatalog(String uri, String says) {
    refused(
        SOURCE
            + "catalog: { type: jdbc, uri: '"
            + uri
            + "', warehouse: 's3://a/b' }\n"
            + REPLICATE
            + TABLES,
        "4:29 catalog.uri: the URI " + says);
  }

  @Test
  void urls() {
    String password =
        " carries a password. Take it out, and write password: ${file:/run/secrets/pg} below";
    Map.ofEntries(
            Map.entry(
                "jdbc:postgresql://h/d", "'jdbc:postgresql://h/d' is not a PostgreSQL URL" + URL),
            Map.entry("mysql://u@h/d", "'mysql://u@h/d' is not a PostgreSQL URL" + URL),
            Map.entry("postgresql://u:hunter2@h/d", "'postgresql://u:***@h/d'" + password),
            Map.entry("postgresql://u:@h/d", "'postgresql://u:***@h/d'" + password),
            Map.entry("postgresql://u:hun/ter2@h/d", "'postgresql://u:***@h/d'" + password),
            Map.entry("postgresql://u:hun@ter2@h/d", "'postgresql://u:***@h/d'" + password),
            Map.entry(
                "postgresql://u@h/d?password=hunter2",
                "'postgresql://u@h/d?password=***'" + password),
            Map.entry(
                "postgresql://u@h/d?sslPassword=hunter2",
                "'postgresql://u@h/d?sslPassword=***'" + password),
            Map.entry("postgresql://u@h", "'postgresql://u@h' names no database" + URL),
            Map.entry("postgresql://u@h/", "'postgresql://u@h/' names no database" + URL),
            Map.entry(
                "postgresql://u@h/d%2B1",
                "'postgresql://u@h/d%2B1' names a database with one of ? + % & # / in its name,"
                    + " which Debezium cannot open. Rename the database"),
            Map.entry("postgresql://h/d", "'postgresql://h/d' names no user" + URL),
            Map.entry("postgresql://u@/d", "'postgresql://u@/d' names no host" + URL),
            Map.entry(
                "postgresql://u@h:0/d",
                "'postgresql://u@h:0/d' has a port that is not from 1 to 65535" + URL),
            Map.entry(
                "postgresql://u@h:99999/d",
                "'postgresql://u@h:99999/d' has a port that is not from 1 to 65535" + URL),
            Map.entry(
                "postgresql://u@h1,h2/d",
                "'postgresql://u@h1,h2/d' does not name one server"
                    + URL
                    + ": one host, and a numeric port"),
            Map.entry(
                "postgresql://u@h:pg/d",
                "'postgresql://u@h:pg/d' does not name one server"
                    + URL
                    + ": one host, and a numeric port"),
            Map.entry(
                "postgresql://u@h/d%4",
                "'postgresql://u@h/d%4' has a '%' that no two hexadecimal digits follow, or that"
                    + " makes no text. Write %25 where a '%' is meant"),
            Map.entry(
                "postgresql://u@h/d%ff",
                "'postgresql://u@h/d%ff' has a '%' that no two hexadecimal digits follow, or that"
                    + " makes no text. Write %25 where a '%' is meant"),
            Map.entry(
                "postgresql://u@h/d#x",
                "'postgresql://u@h/d#x' has a '#'. Write %23 where a '#' is meant"),
            Map.entry(
                "postgresql://u@h/d?a",
                "'postgresql://u@h/d?a' has a parameter that is not name=value. Write"
                    + " ?name=value&name=value"),
            Map.entry(
                "postgresql://u@h/d?ssl=true&ssl=true",
                "'postgresql://u@h/d?ssl=true&ssl=true' has a parameter twice. Keep one of the"
                    + " two"),
            Map.entry(
                "postgresql://u@h/d?port=1",
                "'postgresql://u@h/d?port=1' has the parameter 'port'" + UNKNOWN_PARAMETER),
            Map.entry(
                "postgresql://u@h/d?sslrotcert=a",
                "'postgresql://u@h/d?sslrotcert=a' has the parameter 'sslrotcert', which"
                    + " PostgreSQL's JDBC driver does not have, or Firn sets itself. Did you mean"
                    + " 'sslrootcert'?"),
            Map.entry(
                "postgresql://u@h/d?SSLMODE=disable",
                "'postgresql://u@h/d?SSLMODE=disable' has the parameter 'SSLMODE', which"
                    + " PostgreSQL's JDBC driver does not have, or Firn sets itself. Did you mean"
                    + " 'sslmode'?"),
            Map.entry(
                "postgresql://u@h/d?sslmode=on",
                "'postgresql://u@h/d?sslmode=on' has an unknown sslmode. Write one of disable,"
                    + " allow, prefer, require, verify-ca, verify-full"))
        .forEach((url, says) ->
            refused(
                "source: { type: postgres, url: \"" + url + "\" }\n" + CATALOG + REPLICATE + TABLES,
                "1:32 source.url: " + says));
  }

  @Test
  void names() {
    refused(
        SOURCE + "  slot: Firn-1\n  publication: 1a\n" + CATALOG + REPLICATE + TABLES,
        "4:9 source.slot: 'Firn-1' is not a slot's name. PostgreSQL allows 1 to 63 of a to z, 0 to"
            + " 9 and _",
        "5:16 source.publication: '1a' is not a publication's name. Write 1 to 63 of a to z, 0 to"
            + " 9 and _, not starting with a digit");
  }

  @Test
  void references() {
    refused(
        SOURCE
            + "  password: ${env:EMPTY}\n  slot: ${env:WRONG}\n  publication: a${env:}b\n"
            + CATALOG
            + "  warehouse: ${file:none}/${env:NONE}\n"
            + "  properties: { a: '${hunter2}', b: 'hunter2${' }\n"
            + REPLICATE
            + TABLES,
        "4:13 source.password: the value is empty. Give it a value",
        "5:9 source.slot: '${env:WRONG}' is not a slot's name. PostgreSQL allows 1 to 63 of a to z,"
            + " 0 to 9 and _",
        "6:16 source.publication: the value has '${', and no reference follows. References are"
            + " ${env:NAME} and ${file:/path}; write $${ for the characters themselves",
        "10:14 catalog.warehouse: the file "
            + folder.resolve("none")
            + " does not exist. Create it, or correct the path",
        "10:14 catalog.warehouse: the environment variable NONE is not set. Set it where Firn is"
            + " started",
        "11:20 catalog.properties.a: the value has '${', and no reference follows. References are"
            + " ${env:NAME} and ${file:/path}; write $${ for the characters themselves",
        "11:37 catalog.properties.b: the value has '${', and no reference follows. References are"
            + " ${env:NAME} and ${file:/path}; write $${ for the characters themselves");
  }

  @Test
  void filesThatAReferenceCannotUse() throws IOException {
    Files.write(folder.resolve("big"), new byte[64 * 1024 + 1]);
    Files.write(folder.resolve("bytes"), new byte[] {(byte) 0xff});
    Files.createDirectory(folder.resolve("dir"));
    refused(
        SOURCE
            + CATALOG
            + "  properties: { a: '${file:big}', b: '${file:bytes}', c: '${file:dir}' }\n"
            + REPLICATE
            + TABLES,
        "7:20 catalog.properties.a: the file "
            + folder.resolve("big")
            + " is larger than 65536 bytes. Name a file that holds the value alone",
        "7:38 catalog.properties.b: the file "
            + folder.resolve("bytes")
            + " is not text in UTF-8. Save the value as UTF-8",
        "7:58 catalog.properties.c: the file "
            + folder.resolve("dir")
            + " cannot be read. Let the user that runs Firn read it");
  }

  @Test
  void readersWithoutASourceAndCombinationsThatNoFormatServes() {
    refused(
        SOURCE + CATALOG + "replicate: { readers: [sparc, hive, spark, spark] }\n" + TABLES,
        "7:24 replicate.readers[0]: 'sparc' is not an engine that is known to read a replica. Did"
            + " you mean 'spark'? "
            + ENGINES,
        "7:31 replicate.readers[1]: 'hive' is not an engine that is known to read a replica. "
            + ENGINES,
        "7:44 replicate.readers[3]: it repeats replicate.readers[2]. Name each engine once");
    refused(
        SOURCE + CATALOG + "replicate: { readers: [spark, athena, databricks] }\n" + TABLES,
        "7:24 replicate.readers[0]: no format of Iceberg serves all these engines: athena not known"
            + " to read format 3, databricks not known to read format 2. Leave out the ones or the"
            + " others; docs/readers.md has the table");
  }

  @Test
  void durationsCountsAndSizes() {
    for (String wrong : List.of("10", "10 s", "1.5s", "10sec", "-1s", "1m30s", "s")) {
      refused(
          SOURCE + CATALOG + REPLICATE + "  checkpoint: { every: '" + wrong + "' }\n" + TABLES,
          "9:24 replicate.checkpoint.every: '" + wrong + "' is not a duration" + DURATION);
    }
    for (String wrong : List.of("0s", "99ms", "61m", "999999999h")) {
      refused(
          SOURCE + CATALOG + REPLICATE + "  checkpoint: { every: '" + wrong + "' }\n" + TABLES,
          "9:24 replicate.checkpoint.every: '" + wrong + "' is out of range" + DURATION);
    }
    for (String wrong : List.of("many", "500K", "5 k", "1_000", "1.5M", "-1", "9999999999999")) {
      refused(
          SOURCE + CATALOG + REPLICATE + "  checkpoint: { max-rows: '" + wrong + "' }\n" + TABLES,
          "9:27 replicate.checkpoint.max-rows: '" + wrong + "' is not a count" + COUNT);
    }
    for (String wrong : List.of("0", "2G", "999999999999G")) {
      refused(
          SOURCE + CATALOG + REPLICATE + "  checkpoint: { max-rows: '" + wrong + "' }\n" + TABLES,
          "9:27 replicate.checkpoint.max-rows: '" + wrong + "' is out of range" + COUNT);
    }
    for (String wrong : List.of("64", "64mb", "1TB", "64 MiB")) {
      refused(
          SOURCE + CATALOG + REPLICATE + "  checkpoint: { max-bytes: '" + wrong + "' }\n" + TABLES,
          "9:28 replicate.checkpoint.max-bytes: '" + wrong + "' is not a size" + BYTES);
    }
    for (String wrong : List.of("1kB", "65GiB", "999999999999GiB")) {
      refused(
          SOURCE + CATALOG + REPLICATE + "  checkpoint: { max-bytes: '" + wrong + "' }\n" + TABLES,
          "9:28 replicate.checkpoint.max-bytes: '" + wrong + "' is out of range" + BYTES);
    }
    refused(
        MINIMAL + "http: { port: 65536 }\n",
        "11:15 http.port: '65536' is out of range. Write a port number: 0 to 65535");
    refused(
        MINIMAL + "http: { port: http }\n",
        "11:15 http.port: 'http' is not a port. Write a port number: 0 to 65535");
  }

  @Test
  void tablePatterns() {
    for (String wrong : List.of("orders", ".orders", "public.", ".")) {
      refused(
          SOURCE + CATALOG + REPLICATE + "tables: [{ match: " + wrong + " }]\n",
          "9:19 tables[0].match: '" + wrong + "' is not a table pattern" + PATTERN);
    }
    refused(
        SOURCE + CATALOG + REPLICATE + "tables: [{ match: '\"Public\".orders' }]\n",
        "9:19 tables[0].match: '\"Public\".orders' is not a table pattern: names stand without"
            + " quotes or commas"
            + PATTERN);
    refused(
        SOURCE + CATALOG + REPLICATE + "tables: [{ match: 'public.orders ' }]\n",
        "9:19 tables[0].match: 'public.orders ' is not a table pattern: it has blanks around it"
            + PATTERN);
    refused(
        MINIMAL + "  - match: a.b\n  - match: public.*\n  - match: a.b\n    colour: red\n",
        "12:5 tables[2].match: 'public.*' is matched by tables[0] already. Write both entries as"
            + " one",
        "14:5 tables[3].colour: 'colour' is not a key of a table entry. Its keys are match, key,"
            + " partition-by, sort-by");
  }

  @Test
  void keysPartitionsAndSorts() {
    refused(
        MINIMAL + "    key: []\n",
        "11:10 tables[0].key: the list is empty. Write a list of columns, as in [id]");
    refused(
        MINIMAL + "    key: [id, id, ' ']\n",
        "11:15 tables[0].key[1]: it repeats tables[0].key[0]. Name each column once",
        "11:19 tables[0].key[2]: ' ' is blank. Write a column's name");
    refused(
        MINIMAL + "    partition-by: [bucket(16, id)]\n",
        "11:20 tables[0].partition-by[0]: 'bucket(16' is not a partition term" + TERM,
        "11:31 tables[0].partition-by[1]: 'id)' is not a partition term" + TERM);
    refused(
        MINIMAL
            + "    partition-by:\n      - days(a)\n      - date_trunc(a)\n      - day()\n"
            + "      - day(a, b)\n      - bucket(id, 16)\n      - bucket(0, id)\n"
            + "      - truncate(name)\n      - identity(a, b)\n      - day(day(a))\n",
        "12:9 tables[0].partition-by[0]: 'days(a)' has an unknown transform. Did you mean 'day'?",
        "13:9 tables[0].partition-by[1]: 'date_trunc(a)' has an unknown transform. The transforms"
            + " are identity, bucket, truncate, year, month, day, hour",
        "14:9 tables[0].partition-by[2]: 'day()' does not suit day. Write one column, as in"
            + " day(created_at)",
        "15:9 tables[0].partition-by[3]: 'day(a, b)' does not suit day. Write one column, as in"
            + " day(created_at)",
        "16:9 tables[0].partition-by[4]: 'bucket(id, 16)' does not suit bucket. Write the number of"
            + " buckets, then the column: \"bucket(16, id)\"",
        "17:9 tables[0].partition-by[5]: 'bucket(0, id)' does not suit bucket. Write the number of"
            + " buckets, then the column: \"bucket(16, id)\"",
        "18:9 tables[0].partition-by[6]: 'truncate(name)' does not suit truncate. Write the width,"
            + " then the column: \"truncate(8, name)\"",
        "19:9 tables[0].partition-by[7]: 'identity(a, b)' does not suit identity. Write one column,"
            + " as in identity(created_at)",
        "20:9 tables[0].partition-by[8]: 'day(day(a))' is not a partition term" + TERM);
    refused(
        MINIMAL + "    partition-by: [a, identity(a), day(b), hour(b)]\n",
        "11:23 tables[0].partition-by[1]: it repeats tables[0].partition-by[0]. Write each term"
            + " once",
        "11:44 tables[0].partition-by[3]: it divides 'b' by time again, as"
            + " tables[0].partition-by[2] does. Keep the finer one: Iceberg derives the coarser"
            + " from it");
    refused(
        MINIMAL + "    sort-by: [a, a desc, b descending, c nulls first]\n",
        "11:18 tables[0].sort-by[1]: it repeats tables[0].sort-by[0]. Name each column once",
        "11:26 tables[0].sort-by[2]: 'b descending' is not a sort term. Write a column, then asc or"
            + " desc, as in created_at desc",
        "11:40 tables[0].sort-by[3]: 'c nulls first' is not a sort term. Write a column, then asc"
            + " or desc, as in created_at desc");
  }

  @Test
  void longAndStrangeValuesAreShownShortAndOnOneLine() {
    String shown =
        file.problems(
                SOURCE
                    + "  slot: \"a\\n\\e"
                    + "b".repeat(500)
                    + "\"\n"
                    + CATALOG
                    + REPLICATE
                    + TABLES)
            .getFirst();

    assertThat(shown)
        .startsWith("4:9 source.slot: 'a  " + "b".repeat(97) + "…' is not a slot's name.");
  }
}
