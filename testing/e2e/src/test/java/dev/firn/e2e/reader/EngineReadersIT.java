package dev.firn.e2e.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.LocalS3;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.types.Types;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every engine that judges the replica must itself keep: it reads what Iceberg's own library
 * wrote, value by value, and a difference from PostgreSQL does not escape it.
 */
@ExtendWith(Engines.Shared.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class EngineReadersIT {
  private static final int ROWS = 1_000;

  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.LongType.get()),
          Types.NestedField.optional(2, "a_bool", Types.BooleanType.get()),
          Types.NestedField.optional(3, "an_int", Types.IntegerType.get()),
          Types.NestedField.optional(4, "a_long", Types.LongType.get()),
          Types.NestedField.optional(5, "a_float", Types.FloatType.get()),
          Types.NestedField.optional(6, "a_double", Types.DoubleType.get()),
          Types.NestedField.optional(7, "short_decimal", Types.DecimalType.of(10, 2)),
          Types.NestedField.optional(8, "long_decimal", Types.DecimalType.of(38, 10)),
          Types.NestedField.optional(9, "a_date", Types.DateType.get()),
          Types.NestedField.optional(10, "a_timestamp", Types.TimestampType.withoutZone()),
          Types.NestedField.optional(11, "an_instant", Types.TimestampType.withZone()),
          Types.NestedField.optional(12, "a_text", Types.StringType.get()),
          Types.NestedField.optional(13, "some_bytes", Types.BinaryType.get()),
          Types.NestedField.optional(14, "a_uuid", Types.UUIDType.get()),
          Types.NestedField.optional(
              15, "ints", Types.ListType.ofOptional(17, Types.IntegerType.get())),
          Types.NestedField.optional(
              16, "texts", Types.ListType.ofOptional(18, Types.StringType.get())));

  private static final String POSTGRES_COLUMNS =
      """
      (id bigint PRIMARY KEY, a_bool bool, an_int int, a_long bigint, a_float real,
       a_double double precision, short_decimal numeric(10,2), long_decimal numeric(38,10),
       a_date date, a_timestamp timestamp, an_instant timestamptz, a_text text, some_bytes bytea,
       a_uuid uuid, ints int[], texts text[])\
      """;

  @TempDir private static Path folder;

  private LocalS3 s3;
  private EmbeddedPostgres postgres;
  private ReplicaCatalog sqliteCatalog;
  private ReplicaCatalog postgresCatalog;
  private Engines engines;

  @BeforeAll
  void start(Engines shared) throws Exception {
    engines = shared;
    s3 = LocalS3.start(folder.resolve("s3"), 0, "lake");
    postgres = EmbeddedPostgres.start();
    sqliteCatalog =
        ReplicaCatalog.onSqlite("replica", folder.resolve("catalog.db"), "s3://lake/one", s3);
    postgresCatalog =
        new ReplicaCatalog(
            ReplicaCatalog.JDBC,
            "elsewhere",
            postgres.jdbcUrl("postgres"),
            "postgres",
            "postgres",
            "s3://lake/two",
            s3.endpoint(),
            LocalS3.ACCESS_KEY,
            LocalS3.SECRET_KEY);
    for (ReplicaCatalog catalog : List.of(sqliteCatalog, postgresCatalog)) {
      try (JdbcCatalog writer = writer(catalog)) {
        writer.createNamespace(Namespace.of("public"));
      }
      for (EngineReader engine : engines.all()) {
        engine.open(catalog);
      }
    }
  }

  @AfterAll
  void stop() throws Exception {
    postgres.close();
    s3.close();
  }

  static Stream<Arguments> tables() {
    PartitionSpec none = PartitionSpec.unpartitioned();
    PartitionSpec fields =
        PartitionSpec.builderFor(SCHEMA).truncate("id", 400).identity("a_bool").build();
    PartitionSpec times =
        PartitionSpec.builderFor(SCHEMA).day("an_instant").bucket("a_uuid", 3).build();
    return Stream.of(
        Arguments.of(2, "plain_v2", none),
        Arguments.of(3, "plain_v3", none),
        Arguments.of(2, "fields_v2", fields),
        Arguments.of(3, "fields_v3", fields),
        Arguments.of(2, "times_v2", times),
        Arguments.of(3, "times_v3", times));
  }

  @ParameterizedTest
  @MethodSource("tables")
  void readsEveryTypeAndNoRemovedRow(int formatVersion, String name, PartitionSpec spec)
      throws Exception {
    List<Record> rows = rows();
    try (JdbcCatalog writer = writer(sqliteCatalog);
        Connection source = postgres.connect("postgres")) {
      IcebergFixture fixture = fixture(writer, name, SCHEMA, spec, formatVersion);
      fixture.append(rows.subList(0, ROWS / 2));
      fixture.delete(row -> (long) row.getField("id") % 3 == 0);
      fixture.append(rows.subList(ROWS / 2, ROWS));
      fixture.delete(row -> (long) row.getField("id") % 7 == 0);
      fill(source, name, rows);
      try (Statement statement = source.createStatement()) {
        statement.execute(
            "DELETE FROM " + name + " WHERE (id % 3 = 0 AND id <= 500) OR id % 7 = 0");
      }

      for (EngineReader engine : engines.all()) {
        ReplicaComparison equal =
            ReplicaComparison.compare(source, "public", name, engine, sqliteCatalog);
        assertThat(equal.differences()).as(engine.name()).isEmpty();
        assertThat(equal.rows())
            .as(engine.name())
            .isEqualTo(
                IntStream.rangeClosed(1, ROWS)
                    .filter(id -> (id % 3 != 0 || id > ROWS / 2) && id % 7 != 0)
                    .count());
        assertThat(
                engine.rows(
                    "SELECT * FROM "
                        + engine.table(sqliteCatalog, "public", name)
                        + " WHERE id IN (1, 2, 4) ORDER BY id"))
            .as(engine.name())
            .isEqualTo(EXPECTED);
      }
    }
  }

  @Test
  void tellsWhichRowsDiffer() throws Exception {
    List<Record> rows = rows();
    try (JdbcCatalog writer = writer(sqliteCatalog);
        Connection source = postgres.connect("postgres")) {
      IcebergFixture fixture = fixture(writer, "drifted", SCHEMA, PartitionSpec.unpartitioned(), 3);
      fixture.append(rows);
      fixture.append(List.of(rows.get(499)));
      fill(source, "drifted", rows);
      try (Statement statement = source.createStatement()) {
        statement.execute("UPDATE drifted SET a_text = 'other', ints = '{7}' WHERE id = 10");
        statement.execute("UPDATE drifted SET a_double = 0.0 WHERE id = 4");
        statement.execute("UPDATE drifted SET a_bool = NULL WHERE id = 1");
        statement.execute("DELETE FROM drifted WHERE id = 20");
        statement.execute("INSERT INTO drifted (id) VALUES (5000)");
      }

      for (EngineReader engine : engines.all()) {
        assertThat(
                ReplicaComparison.compare(source, "public", "drifted", engine, sqliteCatalog)
                    .differences())
            .as(engine.name())
            .satisfiesExactly(
                one -> assertThat(one).startsWith("different [1]: a_bool is null"),
                four -> assertThat(four).startsWith("different [4]: a_double is 0.0 and"),
                ten ->
                    assertThat(ten)
                        .startsWith("different [10]: a_text is other and")
                        .contains("ints is [\"7\"] and"),
                twenty -> assertThat(twenty).startsWith("extra [20]: [20, "),
                twice -> assertThat(twice).startsWith("twice [500]: [500, "),
                missing -> assertThat(missing).startsWith("missing [5000]: [5000, null"),
                all -> assertThat(all).startsWith("count(*) is 1000, by engine 1001"),
                ids -> assertThat(ids).startsWith("count(").contains("id").endsWith("1001"),
                bools -> assertThat(bools).startsWith("count(").contains("a_bool"),
                ints -> assertThat(ints).contains("an_int"),
                longs -> assertThat(longs).contains("a_long"),
                floats -> assertThat(floats).contains("a_float"),
                doubles -> assertThat(doubles).contains("a_double"),
                decimals -> assertThat(decimals).contains("short_decimal"),
                decimals -> assertThat(decimals).contains("long_decimal"),
                dates -> assertThat(dates).contains("a_date"),
                timestamps -> assertThat(timestamps).contains("a_timestamp"),
                instants -> assertThat(instants).contains("an_instant"),
                texts -> assertThat(texts).contains("a_text"),
                bytes -> assertThat(bytes).contains("some_bytes"),
                uuids -> assertThat(uuids).contains("a_uuid"),
                lists -> assertThat(lists).contains("ints"),
                lists -> assertThat(lists).contains("texts"));
      }
    }
  }

  @Test
  void readsACatalogKeptInPostgres() throws Exception {
    List<Record> rows = rows().subList(0, 50);
    try (JdbcCatalog writer = writer(postgresCatalog);
        Connection source = postgres.connect("postgres")) {
      IcebergFixture fixture =
          fixture(writer, "elsewhere", SCHEMA, PartitionSpec.unpartitioned(), 3);
      fixture.append(rows);
      fill(source, "elsewhere", rows);

      for (EngineReader engine : engines.all()) {
        assertThat(
                ReplicaComparison.compare(source, "public", "elsewhere", engine, postgresCatalog))
            .as(engine.name())
            .isEqualTo(new ReplicaComparison(50, List.of()));
      }
    }
  }

  @Test
  void seesACommitMadeAfterItsLastQuery() throws Exception {
    List<Record> rows = rows();
    try (JdbcCatalog writer = writer(sqliteCatalog)) {
      IcebergFixture fixture = fixture(writer, "moving", SCHEMA, PartitionSpec.unpartitioned(), 3);
      for (int step = 1; step <= 3; step++) {
        fixture.append(rows.subList(step * 10, step * 10 + 10));
        for (EngineReader engine : engines.all()) {
          assertThat(
                  engine.rows(
                      "SELECT count(*) FROM " + engine.table(sqliteCatalog, "public", "moving")))
              .as(engine.name())
              .isEqualTo(List.of(List.of(Integer.toString(step * 10))));
        }
      }
    }
  }

  @Test
  void onlyTrinoReadsTimesOfDay() throws Exception {
    Schema schema =
        new Schema(
            Types.NestedField.required(1, "id", Types.LongType.get()),
            Types.NestedField.optional(2, "a_time", Types.TimeType.get()));
    try (JdbcCatalog writer = writer(sqliteCatalog)) {
      Record row = GenericRecord.create(schema);
      row.setField("id", 1L);
      row.setField("a_time", LocalTime.of(23, 59, 59, 999_999_000));
      fixture(writer, "times", schema, PartitionSpec.unpartitioned(), 3).append(List.of(row));
    }

    EngineReader trino = engines.trino();
    assertThat(trino.rows("SELECT * FROM " + trino.table(sqliteCatalog, "public", "times")))
        .isEqualTo(List.of(List.of("1", "23:59:59.999999")));
    EngineReader spark = engines.spark();
    String sql = "SELECT * FROM " + spark.table(sqliteCatalog, "public", "times");
    assertThatThrownBy(() -> spark.rows(sql))
        .hasMessageContaining("Spark does not support time fields");
  }

  @Test
  void aRefusedQueryNamesItsReasonAndTheEngineGoesOn() throws Exception {
    for (EngineReader engine : engines.all()) {
      assertThatThrownBy(() -> engine.rows("SELECT nothing FROM nowhere"))
          .hasMessageContaining(engine.name().toLowerCase(java.util.Locale.ROOT))
          .hasMessageContaining("nowhere");
      assertThat(engine.rows("SELECT 1")).isEqualTo(List.of(List.of("1")));
    }
  }

  private static JdbcCatalog writer(ReplicaCatalog catalog) {
    JdbcCatalog writer = new JdbcCatalog();
    writer.initialize(catalog.name(), catalog.icebergProperties());
    return writer;
  }

  private static IcebergFixture fixture(
      JdbcCatalog catalog, String name, Schema schema, PartitionSpec spec, int formatVersion) {
    Table table =
        catalog.createTable(
            TableIdentifier.of("public", name),
            schema,
            spec,
            Map.of("format-version", Integer.toString(formatVersion)));
    return new IcebergFixture(table, formatVersion);
  }

  private static final List<List<@Nullable String>> EXPECTED =
      List.of(
          List.of(
              "1",
              "true",
              "-2147483648",
              "9223372036854775807",
              "0.1",
              "0.1",
              "12345678.90",
              "1234567890123456789012345678.0123456789",
              "2024-02-29",
              "2024-02-29T23:59:59.999999",
              "1969-12-31T23:59:59.999999Z",
              "a'b\"c\\ ü€😀\n",
              "00ff7f80",
              "ffffffff-ffff-4fff-bfff-ffffffffffff",
              "[\"1\",null,\"-3\"]",
              "[\"x,y\",\"\\\"q\\\"\",null,\"\"]"),
          Arrays.asList(
              "2", null, null, null, null, null, null, null, null, null, null, null, null, null,
              null, null),
          List.of(
              "4",
              "false",
              "0",
              "-1",
              "-Infinity",
              "-0.0",
              "-0.01",
              "0.0000000000",
              "0001-01-01",
              "0001-01-01T00:00:00.000000",
              "9999-12-31T23:59:59.999999Z",
              "",
              "",
              "00000000-0000-0000-0000-000000000000",
              "[]",
              "[]"));

  private static List<Record> rows() {
    List<Record> rows = new ArrayList<>();
    for (long id = 1; id <= ROWS; id++) {
      rows.add(row(id));
    }
    return rows;
  }

  private static Record row(long id) {
    return switch ((int) id) {
      case 1 ->
          record(
              1L,
              true,
              Integer.MIN_VALUE,
              Long.MAX_VALUE,
              0.1f,
              0.1d,
              new BigDecimal("12345678.90"),
              new BigDecimal("1234567890123456789012345678.0123456789"),
              LocalDate.of(2024, 2, 29),
              LocalDateTime.of(2024, 2, 29, 23, 59, 59, 999_999_000),
              OffsetDateTime.of(1969, 12, 31, 23, 59, 59, 999_999_000, ZoneOffset.UTC),
              "a'b\"c\\ ü€😀\n",
              ByteBuffer.wrap(new byte[] {0, -1, 127, -128}),
              UUID.fromString("ffffffff-ffff-4fff-bfff-ffffffffffff"),
              Arrays.asList(1, null, -3),
              Arrays.asList("x,y", "\"q\"", null, ""));
      case 2 ->
          record(
              2L, null, null, null, null, null, null, null, null, null, null, null, null, null,
              null, null);
      case 4 ->
          record(
              4L,
              false,
              0,
              -1L,
              Float.NEGATIVE_INFINITY,
              -0.0d,
              new BigDecimal("-0.01"),
              new BigDecimal("0.0000000000"),
              LocalDate.of(1, 1, 1),
              LocalDateTime.of(1, 1, 1, 0, 0),
              OffsetDateTime.of(9999, 12, 31, 23, 59, 59, 999_999_000, ZoneOffset.UTC),
              "",
              ByteBuffer.wrap(new byte[0]),
              new UUID(0, 0),
              List.of(),
              List.of());
      default ->
          record(
              id,
              id % 2 == 0,
              (int) id * 7_919,
              id * 1_000_003,
              id / 3f,
              id / 7d,
              BigDecimal.valueOf(id * 12_345 - 500_000, 2),
              BigDecimal.valueOf(id * -98_765_432_123L, 10),
              LocalDate.of(1990, 1, 1).plusDays(id),
              LocalDateTime.of(1960, 1, 1, 0, 0).plusNanos(id * 86_400_000_001_000L),
              OffsetDateTime.of(2020, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC)
                  .plusNanos(id % 5 * 86_400_000_001_000L),
              "row " + id,
              ByteBuffer.wrap(Long.toHexString(id * id).getBytes(StandardCharsets.UTF_8)),
              UUID.nameUUIDFromBytes(Long.toString(id).getBytes(StandardCharsets.UTF_8)),
              List.of((int) id, (int) -id),
              List.of("t" + id));
    };
  }

  private static Record record(@Nullable Object... values) {
    Record record = GenericRecord.create(SCHEMA);
    for (int i = 0; i < values.length; i++) {
      record.set(i, values[i]);
    }
    return record;
  }

  private static void fill(Connection source, String name, List<Record> rows) throws Exception {
    try (Statement statement = source.createStatement()) {
      statement.execute("CREATE TABLE " + name + POSTGRES_COLUMNS);
    }
    try (PreparedStatement insert =
        source.prepareStatement(
            "INSERT INTO " + name + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
      for (Record row : rows) {
        for (int i = 0; i < SCHEMA.columns().size(); i++) {
          insert.setObject(i + 1, jdbcValue(source, SCHEMA.columns().get(i), row.get(i)));
        }
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  private static @Nullable Object jdbcValue(
      Connection source, Types.NestedField column, @Nullable Object value) throws Exception {
    return switch (value) {
      case ByteBuffer bytes -> bytes.array();
      case List<?> elements ->
          source.createArrayOf(column.name().equals("ints") ? "int4" : "text", elements.toArray());
      case null, default -> value;
    };
  }
}
