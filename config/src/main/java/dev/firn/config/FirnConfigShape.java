package dev.firn.config;

import dev.firn.config.CatalogConfig.Type;
import dev.firn.config.PartitionField.Transform;
import dev.firn.config.ReplicateConfig.Checkpoint;
import dev.firn.config.Section.Unbuilt;
import dev.firn.config.Shapes.Parsed;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** The config file as a whole: every key, what it must be, and what it means. */
final class FirnConfigShape {
  private static final long MIB = 1L << 20;

  // source
  private static final Key<String> SOURCE_TYPE =
      Key.required(
          "type",
          Shapes.word("a kind of database", List.of("postgres"), FirnConfigShape::sourceType),
          "postgres",
          "The kind of database.");
  private static final Key<PostgresUrl> URL =
      Key.required(
          "url",
          Shapes.text("a URL", PostgresUrl.FORM, "^postgres(ql)?://", PostgresUrl::parse),
          PostgresUrl.FORM,
          "The database and the user: postgresql://user@host:5432/database, without a password."
              + " Parameters go to the driver. Without sslmode the server's certificate and name"
              + " are verified (verify-full), except on this machine, where a plain connection is"
              + " allowed (prefer) unless sslrootcert names a CA.");
  private static final Key<Secret> PASSWORD =
      Key.defaulted(
          "password",
          Shapes.secret("a password"),
          Secret.of(""),
          "",
          "The user's password, best as ${file:/run/secrets/pg} or ${env:PG_PASSWORD}; a file is"
              + " read anew at each login. Left out where the server asks for none.");
  private static final Key<String> SLOT =
      Key.defaulted(
          "slot",
          Shapes.text("a slot's name", "firn", "^[a-z0-9_]{1,63}$", FirnConfigShape::slot),
          SourceConfig.DEFAULT_NAME,
          SourceConfig.DEFAULT_NAME,
          "The logical replication slot, which Firn owns.");
  private static final Key<String> PUBLICATION =
      Key.defaulted(
          "publication",
          Shapes.text(
              "a publication's name",
              "firn",
              "^[a-z_][a-z0-9_]{0,62}$",
              FirnConfigShape::publication),
          SourceConfig.DEFAULT_NAME,
          SourceConfig.DEFAULT_NAME,
          "The publication, which firn setup creates.");
  private static final Section<SourceConfig> SOURCE =
      new Section<>(
          "source",
          List.of(SOURCE_TYPE, URL, PASSWORD, SLOT, PUBLICATION),
          fields -> {
            PostgresUrl url = fields.get(URL);
            return new SourceConfig(
                url.host(),
                url.port(),
                url.database(),
                url.user(),
                fields.get(PASSWORD),
                url.parameters(),
                fields.get(SLOT),
                fields.get(PUBLICATION));
          });

  // catalog
  private record CatalogKind(Type type, String implementation) {}

  private static final String HADOOP =
      "is refused: Hadoop's catalog commits by renaming a file, which object stores do not do"
          + " atomically, so that commits could be lost";
  private static final Map<String, String> BY_CLASS =
      Map.of(
          "glue", "org.apache.iceberg.aws.glue.GlueCatalog",
          "hive", "org.apache.iceberg.hive.HiveCatalog",
          "nessie", "org.apache.iceberg.nessie.NessieCatalog",
          "dynamodb", "org.apache.iceberg.aws.dynamodb.DynamoDbCatalog");
  private static final Set<String> SPEAK_REST =
      Set.of("polaris", "unity", "gravitino", "lakekeeper", "s3tables");
  private static final Pattern CLASS =
      Pattern.compile(
          "\\p{javaJavaIdentifierStart}\\p{javaJavaIdentifierPart}*"
              + "(\\.\\p{javaJavaIdentifierStart}\\p{javaJavaIdentifierPart}*)+");
  private static final Pattern CARRIES_PASSWORD =
      Pattern.compile("//[^/]*:[^/]*@|[?&;](ssl)?password=", Pattern.CASE_INSENSITIVE);

  private static final Key<CatalogKind> CATALOG_TYPE =
      Key.required(
          "type",
          Shapes.text(
              "a kind of catalog",
              "rest",
              "^(jdbc|rest|[A-Za-z_$][\\w$]*(\\.[A-Za-z_$][\\w$]*)+)$",
              FirnConfigShape::catalogType),
          "rest",
          "jdbc, rest, or the class of any other Iceberg catalog, which is untested.");
  private static final Key<String> CATALOG_NAME =
      Key.defaulted(
          "name",
          Shapes.name("a name", "firn"),
          "firn",
          "firn",
          "The catalog's name. A JDBC catalog keeps it in every row, so all engines must use it.");
  private static final Key<String> URI =
      Key.optional(
          "uri",
          Shapes.text("a URI", "http://localhost:8181", "\\S", FirnConfigShape::withoutPassword),
          "Where the catalog is: jdbc:postgresql://host/database, or http://host:8181. For"
              + " PostgreSQL sslmode and sslrootcert mean the same as in source.url.");
  private static final Key<String> WAREHOUSE =
      Key.optional(
          "warehouse",
          Shapes.text("a location", "s3://bucket/path", "\\S", FirnConfigShape::withoutPassword),
          "The root of the tables' files: s3://bucket/path. Some REST catalogs want a name here, or"
              + " nothing.");
  private static final Key<Map<String, Secret>> PROPERTIES =
      Key.defaulted(
          "properties",
          new Shapes.Entries<>(
              "a mapping",
              "{ client.region: eu-central-1 }",
              Shapes.secret("a property"),
              Map.of(
                  "uri", "Write it as catalog.uri",
                  "warehouse", "Write it as catalog.warehouse",
                  "type", "Write it as catalog.type",
                  "catalog-impl", "Write the class as catalog.type")),
          Map.of(),
          "",
          "Everything else, handed to Iceberg as it is: s3.endpoint, s3.access-key-id, credential,"
              + " jdbc.user, jdbc.password. No value is ever printed.");
  private static final Section<CatalogConfig> CATALOG =
      new Section<>(
          "catalog",
          List.of(CATALOG_TYPE, CATALOG_NAME, URI, WAREHOUSE, PROPERTIES),
          List.of(),
          FirnConfigShape::checkCatalog,
          fields ->
              new CatalogConfig(
                  fields.get(CATALOG_TYPE).type(),
                  fields.get(CATALOG_TYPE).implementation(),
                  fields.get(CATALOG_NAME),
                  fields.find(URI).orElse(""),
                  fields.find(WAREHOUSE).orElse(""),
                  fields.get(PROPERTIES)));

  // replicate
  private static final Key<Duration> EVERY =
      Key.defaulted(
          "every",
          Shapes.duration(Duration.ofMillis(100), Duration.ofHours(1), "100ms to 1h"),
          Duration.ofSeconds(10),
          "10s",
          "The time after which changes are committed.");
  private static final Key<Long> MAX_ROWS =
      Key.defaulted(
          "max-rows",
          Shapes.count(1, 1_000_000_000, "1 to 1G"),
          500_000L,
          "500k",
          "The row changes after which they are committed.");
  private static final Key<Long> MAX_BYTES =
      Key.defaulted(
          "max-bytes",
          Shapes.bytes(MIB, 64L << 30, "1MiB to 64GiB"),
          256 * MIB,
          "256MiB",
          "The bytes of row changes after which they are committed.");
  private static final Section<Checkpoint> CHECKPOINT_SECTION =
      new Section<>(
          "checkpoint",
          List.of(EVERY, MAX_ROWS, MAX_BYTES),
          fields -> new Checkpoint(fields.get(EVERY), fields.get(MAX_ROWS), fields.get(MAX_BYTES)));
  private static final Key<Checkpoint> CHECKPOINT =
      Key.defaulted(
          "checkpoint",
          CHECKPOINT_SECTION,
          new Checkpoint(Duration.ofSeconds(10), 500_000L, 256 * MIB),
          "",
          "When a checkpoint is made: at the first end of a transaction after any of these.");
  private static final Key<List<Reader>> READERS =
      Key.required(
          "readers",
          new Shapes.Items<>(
              "a list of engines",
              "[spark, trino]",
              Shapes.word("an engine", Reader.engines(), FirnConfigShape::reader),
              1,
              FirnConfigShape::checkReaders),
          "[spark, trino]",
          "The engines that read the replica. They decide Iceberg's format; docs/readers.md says"
              + " what each of them reads.");
  private static final Key<Long> MAX_ROW_BYTES =
      Key.defaulted(
          "max-row-bytes",
          Shapes.bytes(64L << 10, 1L << 30, "64KiB to 1GiB"),
          ReplicateConfig.DEFAULT_MAX_ROW_BYTES,
          "64MiB",
          "The size of the largest row that is mirrored. Firn stops before a larger one and names"
              + " it. Java's memory has to be about ten times as large.");
  private static final Section<ReplicateConfig> REPLICATE_SECTION =
      new Section<>(
          "replicate",
          List.of(READERS, CHECKPOINT, MAX_ROW_BYTES),
          List.of(new Unbuilt("engine", "batch work runs in the daemon only", "Take the key out")),
          (fields, section) -> {},
          fields ->
              new ReplicateConfig(
                  fields.get(READERS).stream().map(Reader::engine).toList(),
                  Reader.format(fields.get(READERS)).orElseThrow(),
                  fields.get(CHECKPOINT),
                  fields.get(MAX_ROW_BYTES)));

  // tables
  private static final Key<TablePattern> MATCH =
      Key.required(
          "match",
          Shapes.text(
              "a table pattern",
              "public.*",
              "^[^.\"',\\s][^.\"',]*\\.[^\"',]*[^\"',\\s]$",
              Terms::pattern),
          "public.*",
          "The tables this entry speaks of: schema.table, each with * for any characters. Case"
              + " counts.");
  private static final Key<List<String>> KEY =
      Key.optional(
          "key",
          new Shapes.Items<>(
              "a list of columns",
              "[id]",
              Shapes.text("a column", "id", "\\S", Terms::column),
              1,
              Shapes.distinct("Name each column once")),
          "The columns that identify a row, where not the primary key.");
  private static final Key<List<PartitionField>> PARTITION_BY =
      Key.optional(
          "partition-by",
          new Shapes.Items<>(
              "a list of partition terms",
              "[day(created_at)]",
              Shapes.text(
                  "a partition term", "day(created_at)", Terms.PARTITION_FORM, Terms::partition),
              0,
              FirnConfigShape::checkPartitions),
          "How the table is partitioned: a column, or year, month, day, hour, bucket or truncate of"
              + " one. An empty list means unpartitioned.");
  private static final Key<List<SortField>> SORT_BY =
      Key.optional(
          "sort-by",
          new Shapes.Items<>(
              "a list of sort terms",
              "[customer_id, created_at desc]",
              Shapes.text(
                  "a sort term", "created_at desc", "^\\s*\\S+(\\s+(asc|desc))?\\s*$", Terms::sort),
              0,
              FirnConfigShape::checkSorts),
          "The columns by which rows are sorted within a file, each with asc or desc.");
  private static final Section<TableRule> TABLE =
      new Section<>(
          "a table entry",
          List.of(MATCH, KEY, PARTITION_BY, SORT_BY),
          List.of(
              new Unbuilt(
                  "mask",
                  "without it the values would land unmasked",
                  "Keep the table out of the replica until masking is built"),
              new Unbuilt(
                  "contract", "nobody would be told when the table breaks it", "Take the key out"),
              policy("rename"),
              policy("drop"),
              policy("type"),
              policy("add")),
          (fields, section) -> {},
          fields ->
              new TableRule(
                  fields.get(MATCH),
                  fields.find(KEY),
                  fields.find(PARTITION_BY),
                  fields.find(SORT_BY)));

  // http
  private static final String LOOPBACK = "127.0.0.1";
  private static final int HTTP_PORT = 9464;
  private static final Key<String> ADDRESS =
      Key.defaulted(
          "address",
          Shapes.name("an address", LOOPBACK),
          LOOPBACK,
          LOOPBACK,
          "The address to listen on. There is no login: anything but loopback shows the meters to"
              + " whoever reaches it.");
  private static final Key<Integer> PORT =
      Key.defaulted(
          "port", Shapes.port(), HTTP_PORT, "" + HTTP_PORT, "The TCP port; 0 for any free one.");
  private static final Section<HttpConfig> HTTP_SECTION =
      new Section<>(
          "http",
          List.of(ADDRESS, PORT),
          fields -> new HttpConfig(fields.get(ADDRESS), fields.get(PORT)));

  // the file
  private static final Key<SourceConfig> SOURCE_KEY =
      Key.required("source", SOURCE, "{ type: postgres, ... }", "The database to mirror.");
  private static final Key<CatalogConfig> CATALOG_KEY =
      Key.required(
          "catalog", CATALOG, "{ type: rest, ... }", "Where the replica's tables are registered.");
  private static final Key<ReplicateConfig> REPLICATE =
      Key.required(
          "replicate",
          REPLICATE_SECTION,
          "{ readers: [spark, trino] }",
          "How the replica is written.");
  private static final Key<List<TableRule>> TABLES =
      Key.required(
          "tables",
          new Shapes.Items<>(
              "a list of table entries",
              "[{ match: public.* }]",
              TABLE,
              1,
              FirnConfigShape::checkTables),
          "[{ match: public.* }]",
          "Which tables are mirrored. Later entries refine earlier ones.");
  private static final Key<HttpConfig> HTTP =
      Key.defaulted(
          "http",
          HTTP_SECTION,
          new HttpConfig(LOOPBACK, HTTP_PORT),
          "",
          "Where health and meters are served.");

  /** The whole file. */
  static final Section<FirnConfig> ROOT =
      new Section<>(
          "the file",
          List.of(SOURCE_KEY, CATALOG_KEY, REPLICATE, TABLES, HTTP),
          List.of(
              new Unbuilt("reconcile", "nothing would be compared", "Take the key out"),
              new Unbuilt("alerts", "nobody would be alerted", "Take the key out")),
          (fields, section) -> {},
          fields ->
              new FirnConfig(
                  fields.get(SOURCE_KEY),
                  fields.get(CATALOG_KEY),
                  fields.get(REPLICATE),
                  fields.get(TABLES),
                  fields.get(HTTP)));

  private FirnConfigShape() {}

  private static Unbuilt policy(String name) {
    return new Unbuilt(
        name,
        "a table whose shape changes stops the daemon before that change",
        "Take the key out");
  }

  private static Parsed<String> sourceType(String type) {
    return switch (type) {
      case "postgres" -> Parsed.ok(type);
      case "mysql", "mariadb" ->
          Parsed.refused("is not built yet", "Only postgres can be mirrored now");
      default -> Parsed.refused("is not a kind of database", "Write postgres");
    };
  }

  private static Parsed<String> slot(String name) {
    return name.matches("[a-z0-9_]{1,63}")
        ? Parsed.ok(name)
        : Parsed.refused(
            "is not a slot's name", "PostgreSQL allows 1 to 63 of a to z, 0 to 9 and _");
  }

  private static Parsed<String> publication(String name) {
    return name.matches("[a-z_][a-z0-9_]{0,62}")
        ? Parsed.ok(name)
        : Parsed.refused(
            "is not a publication's name",
            "Write 1 to 63 of a to z, 0 to 9 and _, not starting with a digit");
  }

  private static Parsed<CatalogKind> catalogType(String type) {
    return switch (type) {
      case "jdbc" -> Parsed.ok(new CatalogKind(Type.JDBC, ""));
      case "rest" -> Parsed.ok(new CatalogKind(Type.REST, ""));
      case "hadoop",
          "org.apache.iceberg.hadoop.HadoopCatalog",
          "org.apache.iceberg.hadoop.HadoopTables" ->
          Parsed.refused(HADOOP, "Use type: jdbc or type: rest");
      case "org.apache.iceberg.jdbc.JdbcCatalog" ->
          Parsed.refused("is Firn's own kind jdbc", "Write type: jdbc");
      case "org.apache.iceberg.rest.RESTCatalog" ->
          Parsed.refused("is Firn's own kind rest", "Write type: rest");
      default -> {
        if (CLASS.matcher(type).matches()) {
          yield Parsed.ok(new CatalogKind(Type.CLASS, type));
        }
        String implementation = BY_CLASS.get(type);
        if (implementation != null) {
          yield Parsed.refused(
              "is not built yet as a kind of its own",
              "Name its class, which is untested: type: " + implementation);
        }
        if (SPEAK_REST.contains(type)) {
          yield Parsed.refused("is not a kind of catalog", "It speaks REST: write type: rest");
        }
        yield Parsed.refused(
            "is not a kind of catalog",
            Suggestion.nearest(type, List.of("jdbc", "rest"))
                .map(nearest -> "Did you mean '" + nearest + "'?")
                .orElse("Write jdbc, rest, or the full name of a catalog's class"));
      }
    };
  }

  private static Parsed<String> withoutPassword(String uri) {
    if (uri.isBlank()) {
      return Parsed.refused("is blank", "Write where it is, or leave the key out");
    }
    return CARRIES_PASSWORD.matcher(uri).find()
        ? Parsed.refused(
            "carries a password",
            "Take it out, and write it under catalog.properties, as jdbc.password or credential")
        : Parsed.ok(uri);
  }

  private static void checkCatalog(Fields fields, Place catalog) {
    fields
        .find(CATALOG_TYPE)
        .ifPresent(kind -> {
          if (kind.type() != Type.CLASS && !fields.isWritten(URI)) {
            catalog
                .key(URI.name(), catalog.at())
                .problem(
                    "the key is missing",
                    kind.type() == Type.JDBC
                        ? "Write it, as in uri: jdbc:postgresql://host/database"
                        : "Write it, as in uri: http://localhost:8181");
          }
          if (kind.type() == Type.JDBC && !fields.isWritten(WAREHOUSE)) {
            catalog
                .key(WAREHOUSE.name(), catalog.at())
                .problem("the key is missing", "Write it, as in warehouse: s3://bucket/path");
          }
          fields.find(URI).ifPresent(uri -> checkUri(kind, uri, fields.place(URI, catalog)));
        });
    fields
        .find(CATALOG_TYPE)
        .filter(kind -> kind.type() == Type.JDBC)
        .flatMap(kind -> fields.find(WAREHOUSE))
        .filter(warehouse -> !warehouse.matches("[a-z][a-z0-9+.-]*:/.*"))
        .ifPresent(warehouse ->
            fields
                .place(WAREHOUSE, catalog)
                .problem("the location has no scheme", "Write s3://bucket/path or file:///path"));
  }

  private static void checkUri(CatalogKind kind, String uri, Place at) {
    switch (kind.type()) {
      case JDBC -> {
        if (!uri.startsWith("jdbc:")) {
          at.problem(
              "a jdbc catalog's uri starts with jdbc:", "Write jdbc:postgresql://host/database");
        }
        if (PostgresParameters.isJdbc(uri)
            && PostgresParameters.ofCatalog(uri)
                instanceof Parsed.Refused<Map<String, String>>(String phrase, String mend)) {
          at.problem("the URI " + phrase, mend);
        }
      }
      case REST -> {
        if (!uri.startsWith("http://") && !uri.startsWith("https://")) {
          at.problem(
              "a rest catalog's uri starts with http:// or https://", "Write the server's URL");
        }
      }
      case CLASS -> {}
    }
  }

  private static Parsed<Reader> reader(String engine) {
    return Reader.of(engine)
        .map(Parsed::ok)
        .orElseGet(() ->
            Parsed.refused(
                "is not an engine that is known to read a replica",
                Suggestion.nearest(engine, Reader.engines())
                        .map(nearest -> "Did you mean '" + nearest + "'? ")
                        .orElse("")
                    + "Known are "
                    + String.join(", ", Reader.engines())
                    + "; docs/readers.md says why"));
  }

  private static void checkReaders(List<Reader> readers, List<Place> places) {
    Shapes.<Reader>distinct("Name each engine once").check(readers, places);
    if (readers.isEmpty() || Reader.format(readers).isPresent()) {
      return;
    }
    List<String> lackingV3 = lacking(readers, 3);
    List<String> lackingV2 = lacking(readers, 2);
    places
        .getFirst()
        .problem(
            "no format of Iceberg serves all these engines: "
                + String.join(", ", lackingV3)
                + " not known to read format 3, "
                + String.join(", ", lackingV2)
                + " not known to read format 2",
            "Leave out the ones or the others; docs/readers.md has the table");
  }

  private static List<String> lacking(List<Reader> readers, int format) {
    return readers.stream()
        .filter(reader -> !reader.reads(format))
        .map(Reader::engine)
        .distinct()
        .toList();
  }

  private static void checkPartitions(List<PartitionField> fields, List<Place> places) {
    Shapes.<PartitionField>distinct("Write each term once").check(fields, places);
    Set<Transform> times =
        EnumSet.of(Transform.YEAR, Transform.MONTH, Transform.DAY, Transform.HOUR);
    for (int i = 0; i < fields.size(); i++) {
      for (int j = 0; j < i; j++) {
        PartitionField one = fields.get(i);
        PartitionField other = fields.get(j);
        if (one.column().equals(other.column())
            && one.transform() != other.transform()
            && times.contains(one.transform())
            && times.contains(other.transform())) {
          places
              .get(i)
              .problem(
                  "it divides "
                      + Shown.quoted(one.column())
                      + " by time again, as "
                      + places.get(j).path()
                      + " does",
                  "Keep the finer one: Iceberg derives the coarser from it");
        }
      }
    }
  }

  private static void checkSorts(List<SortField> fields, List<Place> places) {
    Shapes.<String>distinct("Name each column once")
        .check(fields.stream().map(SortField::column).toList(), places);
  }

  private static void checkTables(List<TableRule> rules, List<Place> places) {
    for (int i = 0; i < rules.size(); i++) {
      for (int j = 0; j < i; j++) {
        if (rules.get(i).match().equals(rules.get(j).match())) {
          Place at = places.get(i);
          at.key(MATCH.name(), at.at())
              .problem(
                  Shown.quoted(rules.get(i).match().text())
                      + " is matched by "
                      + places.get(j).path()
                      + " already",
                  "Write both entries as one");
          break;
        }
      }
    }
  }
}
