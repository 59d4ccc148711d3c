package dev.firn.cdc.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.TableLoader;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Frontier;
import dev.firn.change.position.PostgresTransaction;
import dev.firn.change.row.ArrayValue;
import dev.firn.change.row.Row;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Simple;
import dev.firn.change.table.TableSchema;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PostgresLoaderTest extends OnOneServer {
  private PostgresLoader loader() {
    return new PostgresLoader(source.connections(), Duration.ofSeconds(20));
  }

  private List<Row> copy(TableSchema table) throws InterruptedException {
    List<Row> rows = new ArrayList<>();
    try (TableLoader.View view = loader().open(table)) {
      view.copy(row -> rows.add(row.copy()));
    }
    return rows;
  }

  /** A value in the form that {@link #expression} makes the server print. */
  private static @Nullable String text(Column column, Row row, int index) {
    if (row.isNull(index)) {
      return null;
    }
    return switch (column.type()) {
      case Simple simple ->
          switch (simple) {
            case BOOL, INT32, INT64, DATE, TIME, TIMESTAMP, TIMESTAMP_TZ ->
                Long.toString(row.getLong(index));
            case FLOAT32 ->
                hex(Integer.toUnsignedLong(Float.floatToRawIntBits(row.getFloat(index))), 8);
            case FLOAT64 -> hex(Double.doubleToRawLongBits(row.getDouble(index)), 16);
            case TEXT, JSON -> row.getText(index);
            case BINARY, UUID -> HexFormat.of().formatHex(row.getBytes(index));
          };
      case ColumnType.Decimal decimal ->
          new BigDecimal(
                  decimal.form() == ColumnType.Form.LONG
                      ? BigInteger.valueOf(row.getLong(index))
                      : new BigInteger(row.getBytes(index)),
                  decimal.scale())
              .toPlainString();
      case ColumnType.Array array -> arrayText(array.element(), row, index);
    };
  }

  private static String arrayText(ColumnType element, Row row, int index) {
    ArrayValue.Reader reader = new ArrayValue.Reader(row, index);
    List<String> texts = new ArrayList<>();
    while (reader.next()) {
      String bytes =
          reader.isNull() || element.form() != ColumnType.Form.BYTES
              ? ""
              : new String(
                  reader.array(),
                  reader.bytesOffset(),
                  reader.bytesLength(),
                  StandardCharsets.UTF_8);
      if (reader.isNull()) {
        texts.add("NULL");
      } else if (element instanceof ColumnType.Decimal decimal) {
        texts.add(BigDecimal.valueOf(reader.getLong(), decimal.scale()).toPlainString());
      } else {
        texts.add(
            switch (element.form()) {
              case LONG -> Long.toString(reader.getLong());
              case FLOAT ->
                  hex(Integer.toUnsignedLong(Float.floatToRawIntBits(reader.getFloat())), 8);
              case DOUBLE -> hex(Double.doubleToRawLongBits(reader.getDouble()), 16);
              case BYTES ->
                  element == Simple.BINARY || element == Simple.UUID
                      ? HexFormat.of()
                          .formatHex(
                              reader.array(),
                              reader.bytesOffset(),
                              reader.bytesOffset() + reader.bytesLength())
                      : bytes;
            });
      }
    }
    return String.join("|", texts);
  }

  private static String hex(long bits, int digits) {
    String text = Long.toHexString(bits);
    return "0".repeat(digits - text.length()) + text;
  }

  /** What the server makes of a column by other means than COPY's binary form. */
  private static String expression(ColumnType type, String name) {
    return switch (type) {
      case Simple simple ->
          switch (simple) {
            case BOOL -> name + "::int::text";
            case DATE -> "(" + name + " - date '1970-01-01')::text";
            case TIME -> "(extract(epoch FROM " + name + ") * 1000000)::bigint::text";
            case TIMESTAMP, TIMESTAMP_TZ ->
                "trunc(extract(epoch FROM " + name + ") * 1000000)::text";
            case FLOAT32 -> "encode(float4send(" + name + "), 'hex')";
            case FLOAT64 -> "encode(float8send(" + name + "), 'hex')";
            case BINARY -> "encode(" + name + ", 'hex')";
            case UUID -> "replace(" + name + "::text, '-', '')";
            // A cast to text would trim character(n); format() prints it as it is sent.
            case TEXT -> "CASE WHEN " + name + " IS NOT NULL THEN format('%s', " + name + ") END";
            case INT32, INT64, JSON -> name + "::text";
          };
      case ColumnType.Decimal decimal -> name + "::text";
      case ColumnType.Array array ->
          "CASE WHEN "
              + name
              + " IS NOT NULL THEN coalesce((SELECT string_agg(coalesce("
              + expression(array.element(), "e")
              + ", 'NULL'), '|' ORDER BY n) FROM unnest("
              + name
              + ") WITH ORDINALITY u(e, n)), '') END";
    };
  }

  private List<List<String>> expected(TableSchema table) throws SQLException {
    String sql =
        table.columns().stream()
            .map(c -> expression(c.type(), SqlNames.quote(c.name())))
            .collect(Collectors.joining(", ", "SELECT ", " FROM " + SqlNames.quote(table.id())));
    List<List<String>> rows = new ArrayList<>();
    try (Connection connection = source.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("SET TIME ZONE 'UTC'");
      try (ResultSet result = statement.executeQuery(sql)) {
        while (result.next()) {
          List<String> row = new ArrayList<>();
          for (int i = 1; i <= table.columns().size(); i++) {
            row.add(result.getString(i));
          }
          rows.add(row);
        }
      }
    }
    return rows;
  }

  private void assertCopied(TableSchema table) throws Exception {
    List<List<String>> copied = new ArrayList<>();
    for (Row row : copy(table)) {
      List<String> texts = new ArrayList<>();
      for (int i = 0; i < table.columns().size(); i++) {
        texts.add(text(table.columns().get(i), row, i));
      }
      copied.add(texts);
    }
    assertThat(copied).isNotEmpty().containsExactlyInAnyOrderElementsOf(expected(table));
  }

  @Test
  void everyTypeArrivesValueByValueAsTheServerPrintsIt() throws Exception {
    source.sql(
        "CREATE SCHEMA types",
        "CREATE EXTENSION IF NOT EXISTS citext",
        "CREATE TYPE types.mood AS ENUM ('sad', 'glad', 'très content')",
        "CREATE DOMAIN types.cents AS numeric(12,2)",
        "CREATE DOMAIN types.moods AS types.mood[]",
        "CREATE TABLE types.t (id int8 PRIMARY KEY, gone int, bo bool, i2 int2, i4 int4, f4 float4,"
            + " f8 float8, n9 numeric(9,0), n18 numeric(18,6), n38 numeric(38,10), nf"
            + " numeric(18,18), n19 numeric(19,3), tx text, vc varchar(5), ch char(6), nm name, ci"
            + " citext, js json, jb jsonb, ba bytea, uu uuid, da date, ti time, ts timestamp, tz"
            + " timestamptz, mo types.mood, ce types.cents, ab bool[], ai int4[], al int8[], af"
            + " float4[], ad float8[], an numeric(10,2)[], at text[], aj jsonb[], au uuid[], ats"
            + " timestamptz[], ada date[], am types.moods, aby bytea[], ach char(3)[])",
        "ALTER TABLE types.t DROP COLUMN gone",
        "INSERT INTO types.t (id) VALUES (1)",
        """
        INSERT INTO types.t VALUES (-9223372036854775808, true, -32768, -2147483648, '-0', 'NaN',
          -999999999, -999999999999.999999, -9999999999999999999999999999.9999999999,
          0.999999999999999999, 9999999999999999.999,
          '', 'äöü€𐍈', 'ab', 'n', 'CiText', ' { "a" : 1 } ', '{"b":[1,2],"a":null}', '', \
        '00000000-0000-0000-0000-000000000000', '0001-01-01', '00:00', '0001-01-01 00:00:00',
          '294246-12-31 23:59:59.999999+00', 'sad', -0.01, '{}', '{1,NULL,-3}', '[0:1]={5,6}',
          '{1.5,NaN}', '{-Infinity,0}', '{1.10,NULL,-99999999.99}', '{a,NULL,"",NULL}',
          ARRAY['{"x":1}','null']::jsonb[], '{ffffffff-ffff-ffff-ffff-ffffffffffff}',
          '{1999-12-31 23:59:59.999999+00}', '{1969-12-31}', '{sad,"très content"}',
          ARRAY['\\x00ff','']::bytea[], '{a,bcd}')
        """,
        """
        INSERT INTO types.t VALUES (9223372036854775807, false, 32767, 2147483647, 'Infinity',
          5e-324, 0, 0.000001, 0.0000000001, 0, 0.001, 'x', '', '', '', '', '[]', '"s"', '\\xdeadbeef',
          'ffffffff-ffff-ffff-ffff-ffffffffffff', '5874897-12-31', '24:00',
          '1969-12-31 23:59:59.999999', '2038-01-19 03:14:08.000001+14', 'glad', 9999999999.99,
          NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
        """,
        """
        INSERT INTO types.t (id, i4, f4, f8, n9, n18, n38, nf, n19, tx, jb, ba, uu, da, ti, ts, tz,
          an)
        SELECT i, (random() * 1e9)::int, random() * 1e30, exp(random() * 600 - 300),
               trunc((random() - 0.5) * 1e9), (random() - 0.5) * 10 ^ (i % 13)::numeric,
               (random()::numeric - 0.5) * 10 ^ (i % 28)::numeric, random(),
               (random()::numeric - 0.5) * 10 ^ (i % 16)::numeric,
               repeat(md5(i::text), i % 9), to_jsonb(random()), decode(md5(i::text), 'hex'),
               gen_random_uuid(), date '2000-01-01' + (i - 1000) * 100,
               time '00:00' + random() * interval '24 hours',
               timestamp '2000-01-01' + (random() - 0.5) * interval '2000 years',
               timestamptz '2000-01-01' + (random() - 0.5) * interval '2000 years',
               ARRAY[i, i / 7.0]
          FROM generate_series(2, 2000) i
        """);
    assertCopied(source.schema("types", "t"));
  }

  @Test
  void decimalsOfEveryPrecisionAndScaleAreExact() throws Exception {
    StringBuilder columns = new StringBuilder();
    StringBuilder extremes = new StringBuilder();
    StringBuilder ones = new StringBuilder();
    for (int precision = 1; precision <= 38; precision++) {
      for (int scale : new TreeSet<>(List.of(0, 1, precision / 2, precision))) {
        String name = ", n_" + precision + "_" + scale;
        columns
            .append(name)
            .append(" numeric(")
            .append(precision)
            .append(',')
            .append(scale)
            .append(')');
        extremes
            .append(", ")
            .append(
                new BigDecimal(BigInteger.TEN.pow(precision).subtract(BigInteger.ONE), scale)
                    .toPlainString());
        ones.append(", ").append(new BigDecimal(BigInteger.ONE.negate(), scale).toPlainString());
      }
    }
    source.sql(
        "CREATE SCHEMA decimals",
        "CREATE TABLE decimals.t (id int PRIMARY KEY" + columns + ")",
        "INSERT INTO decimals.t VALUES (1" + extremes + ")",
        "INSERT INTO decimals.t VALUES (2" + extremes.toString().replace(", ", ", -") + ")",
        "INSERT INTO decimals.t VALUES (3" + ones + ")",
        "INSERT INTO decimals.t VALUES (4" + ones.toString().replaceAll("-[0-9.]+", "0") + ")");
    assertCopied(source.schema("decimals", "t"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "date; infinity; infinity",
        "date; -infinity; -infinity",
        "date; 0044-03-15 BC; 44-03-15 BC",
        "timestamp; infinity; infinity",
        "timestamptz; -infinity; -infinity",
        "timestamp; 0001-12-31 23:59:59.999999 BC; 1-12-31 23:59:59.999999 BC",
        "timestamp; 294276-12-31 23:59:59; behind the last timestamp",
        "numeric(9,2); NaN; NaN",
        "numeric(30,2); NaN; NaN",
        "numeric(9,2)[]; {1,NaN}; NaN",
        "date[]; {infinity}; infinity",
        "int[]; {{1,2},{3,4}}; 2 dimensions",
      })
  void aValueWithoutAFormIsNamedWithTableKeyAndColumn(String type, String value, String told)
      throws Exception {
    source.sql(
        "DROP SCHEMA IF EXISTS bad CASCADE",
        "CREATE SCHEMA bad",
        "CREATE TABLE bad.t (a text, v " + type + ", b int, PRIMARY KEY (b, a))",
        "INSERT INTO bad.t VALUES ('ok', NULL, 1), ('x', '" + value + "', 7)");
    TableSchema table = source.schema("bad", "t");
    assertThatThrownBy(() -> copy(table))
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.UNREPRESENTABLE_VALUE))
        .hasMessageContainingAll("bad.t", "b=7, a=x", "column v", told);
  }

  @Test
  void aRowAboveTheLimitIsNamedWithTableKeyAndSize() throws Exception {
    source.sql(
        "CREATE SCHEMA wide",
        "CREATE TABLE wide.t (v text, a text, b int, PRIMARY KEY (b, a))",
        "INSERT INTO wide.t VALUES (repeat('x', 60000), 'ok', 1), (repeat('x', 70000), 'x', 7)");
    TableSchema table = source.schema("wide", "t");
    List<String> copied = new ArrayList<>();
    PostgresLoader bounded =
        new PostgresLoader(source.connections(), Duration.ofSeconds(20), 64 << 10);
    try (TableLoader.View view = bounded.open(table)) {
      assertThatThrownBy(() -> view.copy(row -> copied.add(row.getText(1))))
          .isInstanceOfSatisfying(
              FirnException.class,
              e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.ROW_TOO_LARGE))
          .hasMessageContainingAll("wide.t", "b=7, a=x", "70049 bytes", "65536");
    }
    assertThat(copied).containsExactly("ok");
  }

  @Test
  void theFrontierSaysExactlyWhichTransactionsTheCopyShows() throws Exception {
    source.sql("CREATE SCHEMA seen", "CREATE TABLE seen.t (id bigint PRIMARY KEY)");
    TableSchema table = source.schema("seen", "t");
    try (Connection before = source.connect();
        Connection during = source.connect()) {
      long first = insertXid(before, 1);
      before.setAutoCommit(false);
      List<Long> ids = new ArrayList<>();
      long open;
      try (TableLoader.View view = loader().open(table)) {
        during.setAutoCommit(false);
        open = insertXid(during, 2);
        during.commit();
        view.copy(row -> ids.add(row.getLong(0)));
        Frontier frontier = view.frontier();
        assertThat(ids).containsExactly(1L);
        assertThat(frontier.applies(new PostgresTransaction(first, OptionalLong.empty())))
            .isFalse();
        assertThat(frontier.applies(new PostgresTransaction(open, OptionalLong.empty()))).isTrue();
      }
    }
  }

  private static long insertXid(Connection connection, int id) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "INSERT INTO seen.t VALUES (" + id + ") RETURNING pg_current_xact_id()::text")) {
      rows.next();
      return rows.getLong(1);
    }
  }

  @Test
  void aTransactionThatBeganBeforeIsWaitedForAndShown() throws Exception {
    source.sql("CREATE SCHEMA waits", "CREATE TABLE waits.t (id int PRIMARY KEY)");
    TableSchema table = source.schema("waits", "t");
    try (Connection writer = source.connect();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute("INSERT INTO waits.t VALUES (1)");
      List<Row> rows = new ArrayList<>();
      Thread loading =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  rows.addAll(copy(table));
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      assertThat(loading.join(Duration.ofMillis(700))).isFalse();
      writer.commit();
      assertThat(loading.join(Duration.ofSeconds(20))).isTrue();
      assertThat(rows).hasSize(1);
    }
  }

  @Test
  void aBlockerOfTheBarrierIsNamedWithItsMend() throws Exception {
    source.sql("CREATE SCHEMA held", "CREATE TABLE held.t (id int PRIMARY KEY)");
    TableSchema table = source.schema("held", "t");
    PostgresLoader impatient = new PostgresLoader(source.connections(), Duration.ofMillis(300));
    source.sql("BEGIN", "INSERT INTO held.t VALUES (1)", "PREPARE TRANSACTION 'it''s held'");
    try {
      assertThatThrownBy(() -> impatient.open(table))
          .isInstanceOfSatisfying(
              FirnException.class,
              e -> {
                assertThat(e)
                    .hasMessageContainingAll("held.t", "prepared transaction 'it''s held'");
                assertThat(e.mend()).contains("ROLLBACK PREPARED 'it''s held'");
              });
    } finally {
      source.sql("ROLLBACK PREPARED 'it''s held'");
    }
    try (Connection writer = source.connect();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute("SET application_name = 'nightly'");
      statement.execute("INSERT INTO held.t VALUES (1)");
      assertThatThrownBy(() -> impatient.open(table))
          .hasMessageContainingAll("nightly", "idle in transaction", "user postgres");
    }
  }

  @Test
  void aTruncateWaitsUntilTheCopyIsThrough() throws Exception {
    source.sql(
        "CREATE SCHEMA cut",
        "CREATE TABLE cut.t (id int PRIMARY KEY)",
        "INSERT INTO cut.t SELECT generate_series(1, 1000)");
    TableSchema table = source.schema("cut", "t");
    AtomicLong rows = new AtomicLong();
    try (TableLoader.View view = loader().open(table);
        Connection other = source.connect();
        Statement statement = other.createStatement()) {
      statement.execute("SET lock_timeout = '200ms'");
      assertThatThrownBy(() -> statement.execute("TRUNCATE cut.t")).hasMessageContaining("lock");
      view.copy(row -> rows.incrementAndGet());
    }
    assertThat(rows).hasValue(1000);
    source.sql("TRUNCATE cut.t");
  }

  @Test
  void aTableOfAnotherShapeIsNotCopied() throws Exception {
    source.sql("CREATE SCHEMA moved", "CREATE TABLE moved.t (id int PRIMARY KEY, a int)");
    TableSchema table = source.schema("moved", "t");
    source.sql("ALTER TABLE moved.t RENAME a TO b");
    assertThatThrownBy(() -> loader().open(table))
        .isInstanceOf(FirnException.class)
        .hasMessageContaining("moved.t has other columns");
    source.sql("DROP TABLE moved.t", "CREATE TABLE moved.t (id int PRIMARY KEY, a int)");
    assertThatThrownBy(() -> loader().open(table)).hasMessageContaining("was dropped or renamed");
  }

  @Test
  void partitionsAreCopiedThroughTheirRootAndInheritorsAreNot() throws Exception {
    source.sql(
        "CREATE SCHEMA tree",
        "CREATE TABLE tree.root (x text, id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE tree.a PARTITION OF tree.root FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE tree.b (id int NOT NULL, gone int, x text)",
        "ALTER TABLE tree.b DROP COLUMN gone",
        "ALTER TABLE tree.root ATTACH PARTITION tree.b FOR VALUES FROM (10) TO (20)",
        "INSERT INTO tree.root VALUES ('one', 1), ('eleven', 11)",
        "CREATE TABLE tree.parent (id int PRIMARY KEY)",
        "CREATE TABLE tree.inheritor () INHERITS (tree.parent)",
        "INSERT INTO tree.parent VALUES (1)",
        "INSERT INTO tree.inheritor VALUES (2)",
        "ANALYZE tree.root",
        "ANALYZE tree.parent");
    assertThat(copy(source.schema("tree", "root")))
        .extracting(row -> row.getText(0))
        .containsExactlyInAnyOrder("one", "eleven");
    assertThat(copy(source.schema("tree", "parent")))
        .extracting(row -> row.getLong(0))
        .containsExactly(1L);
    try (TableLoader.View view = loader().open(source.schema("tree", "parent"))) {
      assertThat(view.estimatedRows()).isEqualTo(1);
    }
  }

  @Test
  void aPartitionAttachedDuringTheCopyMakesItFail() throws Exception {
    source.sql(
        "CREATE SCHEMA attach",
        "CREATE TABLE attach.root (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE attach.a PARTITION OF attach.root FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE attach.b (id int PRIMARY KEY)",
        "INSERT INTO attach.b VALUES (11)");
    TableSchema table = source.schema("attach", "root");
    try (TableLoader.View view = loader().open(table)) {
      source.sql("ALTER TABLE attach.root ATTACH PARTITION attach.b FOR VALUES FROM (10) TO (20)");
      assertThatThrownBy(() -> view.copy(row -> {}))
          .isInstanceOfSatisfying(
              FirnException.class,
              e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.SCHEMA_CHANGED))
          .hasMessageContaining("attach.root");
    }
  }

  @Test
  void rowSecurityNeverHidesRowsFromACopy() throws Exception {
    source.sql(
        "CREATE SCHEMA rls",
        "CREATE TABLE rls.t (id int PRIMARY KEY)",
        "ALTER TABLE rls.t ENABLE ROW LEVEL SECURITY",
        "CREATE ROLE reader LOGIN PASSWORD 'postgres'",
        "GRANT USAGE ON SCHEMA rls TO reader",
        "GRANT SELECT ON rls.t TO reader");
    TableSchema table = source.schema("rls", "t");
    var connections =
        new dev.firn.cdc.connect.PostgresConnections(source.config("postgres", "reader"));
    try (TableLoader.View view =
        new PostgresLoader(connections, Duration.ofSeconds(20)).open(table)) {
      assertThatThrownBy(() -> view.copy(row -> {})).hasMessageContaining("row-level security");
    }
  }

  @Test
  void aMillionRowsPassWithoutBeingHeld() throws Exception {
    source.sql(
        "CREATE SCHEMA many",
        "CREATE TABLE many.t (id int PRIMARY KEY, pad text)",
        "INSERT INTO many.t SELECT i, repeat('x', 50) FROM generate_series(1, 1000000) i");
    TableSchema table = source.schema("many", "t");
    AtomicLong count = new AtomicLong();
    AtomicLong sum = new AtomicLong();
    Runtime runtime = Runtime.getRuntime();
    AtomicLong mostUsed = new AtomicLong();
    System.gc();
    long before = runtime.totalMemory() - runtime.freeMemory();
    try (TableLoader.View view = loader().open(table)) {
      view.copy(row -> {
        sum.addAndGet(row.getLong(0));
        if (count.incrementAndGet() % 250_000 == 0) {
          System.gc();
          mostUsed.accumulateAndGet(
              runtime.totalMemory() - runtime.freeMemory() - before, Math::max);
        }
      });
    }
    assertThat(count).hasValue(1_000_000);
    assertThat(sum).hasValue(500_000_500_000L);
    // Held, the rows would take more than 60 MB.
    assertThat(mostUsed.get()).isLessThan(20_000_000L);
  }

  @Test
  void aConsumerThatFailsEndsTheCopyAndItsTransaction() throws Exception {
    source.sql(
        "CREATE SCHEMA stopped",
        "CREATE TABLE stopped.t (id int PRIMARY KEY)",
        "INSERT INTO stopped.t SELECT generate_series(1, 100000)");
    TableSchema table = source.schema("stopped", "t");
    try (TableLoader.View view = loader().open(table)) {
      assertThatThrownBy(() ->
              view.copy(row -> {
                throw new IllegalStateException("enough");
              }))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("enough");
    }
    source.sql("SET lock_timeout = '10s'", "DROP TABLE stopped.t");
  }
}
