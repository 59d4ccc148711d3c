package dev.firn.cdc.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.change.TableLoader;
import dev.firn.change.fault.FirnException;
import dev.firn.change.table.TableSchema;
import dev.firn.config.FirnConfig;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PostgresSetupTest extends OnOneServer {
  @BeforeEach
  void makeTables() throws SQLException {
    source.sql(
        "CREATE SCHEMA app",
        "CREATE TABLE app.orders (id int PRIMARY KEY, note text)",
        "CREATE TABLE app.history (tid int)");
  }

  @AfterEach
  void dropAll() throws SQLException {
    source.sql(
        "DROP PUBLICATION IF EXISTS firn",
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots",
        "DROP SCHEMA IF EXISTS firn CASCADE",
        "DROP SCHEMA app CASCADE");
  }

  private PostgresSetup setup(String... patterns) {
    return setup(source.connections(), source.matching(patterns));
  }

  private static PostgresSetup setup(PostgresConnections connections, FirnConfig config) {
    return new PostgresSetup(
        connections,
        config,
        () -> {
          try (Connection connection = connections.open("slot");
              Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_create_logical_replication_slot('firn', 'pgoutput')");
          } catch (SQLException e) {
            throw connections.failure("making the slot", e);
          }
        });
  }

  private List<String> published() throws SQLException {
    String names =
        source.one(
            "SELECT coalesce(string_agg(schemaname || '.' || tablename, ' ' ORDER BY 1), '')"
                + " FROM (SELECT * FROM pg_publication_tables WHERE pubname = 'firn'"
                + " ORDER BY schemaname, tablename) t");
    return names.isEmpty() ? List.of() : Arrays.asList(names.split(" "));
  }

  /** What the slot streams since the last call: a letter a change, or a message's content. */
  private List<String> streamed() throws SQLException {
    List<String> changes = new ArrayList<>();
    try (Connection connection = source.connect();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT data FROM pg_logical_slot_get_binary_changes('firn', NULL, NULL,"
                    + " 'proto_version', '1', 'publication_names', 'firn', 'messages', 'true')")) {
      while (rows.next()) {
        ByteBuffer data = ByteBuffer.wrap(rows.getBytes(1));
        char kind = (char) data.get();
        if (kind == 'M') {
          data.position(1 + 1 + 8);
          StringBuilder prefix = new StringBuilder();
          for (byte b = data.get(); b != 0; b = data.get()) {
            prefix.append((char) b);
          }
          byte[] content = new byte[data.getInt()];
          data.get(content);
          if (!prefix.toString().equals("firn.pad")) {
            changes.add(prefix + " " + new String(content, StandardCharsets.UTF_8));
          }
        } else if ("IUDT".indexOf(kind) >= 0) {
          changes.add(String.valueOf(kind));
        }
      }
    }
    return changes;
  }

  @Test
  void setsUpWhatIsMissingAndNothingTheSecondTime() throws SQLException {
    PostgresSetup setup = setup("app.*");
    String script = setup.plan().script();
    assertThat(script)
        .contains(
            "-- not mirrored: app.history has no key",
            "CREATE PUBLICATION \"firn\" FOR TABLE ONLY \"app\".\"orders\" WITH",
            "publish_via_partition_root = true",
            "CREATE EVENT TRIGGER firn_sql_drop",
            "SELECT pg_create_logical_replication_slot('firn', 'pgoutput"
                + (version() >= 17 ? "', failover => true);" : "');"));
    assertThat(published()).isEmpty();

    SetupPlan done = setup.apply();
    assertThat(done.steps()).allMatch(SetupPlan.Step::permitted);
    assertThat(published()).containsExactly("app.orders");
    assertThat(source.one("SELECT plugin FROM pg_replication_slots WHERE slot_name = 'firn'"))
        .isEqualTo("pgoutput");
    assertThat(source.one("SELECT puballtables FROM pg_publication")).isEqualTo("f");

    assertThat(setup.apply().steps()).isEmpty();
    assertThat(setup.plan().script()).contains("-- all is set up");
  }

  @Test
  void aPublicationOfGeneratedColumnsIsMendedWhereThereAreSuch() throws SQLException {
    PostgresSetup setup = setup("app.*");
    setup.apply();
    String alter = "ALTER PUBLICATION firn SET (publish_generated_columns = stored)";
    if (version() < 18) {
      assertThatThrownBy(() -> source.sql(alter)).hasMessageContaining("unrecognized");
      return;
    }
    source.sql(alter);
    assertThat(setup.apply().steps()).hasSize(1);
    assertThat(setup.plan().steps()).isEmpty();
  }

  @Test
  void thePrintedScriptDoesTheSame() throws SQLException {
    // psql sends statement by statement; the slot must not share a transaction with the rest.
    String script = setup("app.*").plan().script();
    int slot = script.indexOf("-- the replication slot");
    source.sql(script.substring(0, slot), script.substring(slot));
    assertThat(setup("app.*").plan().steps()).isEmpty();
    assertThat(published()).containsExactly("app.orders");
  }

  @Test
  void newTablesJoinAndOthersLeave() throws SQLException {
    setup("app.*").apply();
    source.sql(
        "CREATE TABLE app.\"New \"\"one\" (id int PRIMARY KEY)",
        "ALTER PUBLICATION firn ADD TABLE app.history",
        "ALTER PUBLICATION firn SET (publish = 'insert')",
        "COMMENT ON PUBLICATION firn IS NULL");
    SetupPlan plan = setup("app.*").apply();
    assertThat(plan.steps(SetupPlan.Part.TRIGGERS)).isEmpty();
    assertThat(plan.steps(SetupPlan.Part.PUBLICATION))
        .extracting(SetupPlan.Step::sql)
        .anySatisfy(sql -> assertThat(sql).endsWith("DROP TABLE ONLY \"app\".\"history\""))
        .anySatisfy(sql -> assertThat(sql).endsWith("ADD TABLE ONLY \"app\".\"New \"\"one\""));
    assertThat(source.one("SELECT count(*) FROM pg_publication_tables")).isEqualTo("2");
    assertThat(source.one("SELECT pubdelete AND pubtruncate FROM pg_publication")).isEqualTo("t");
    assertThat(setup("app.*").plan().steps()).isEmpty();
  }

  /** Which time in the publication this is, the same for a table and for the root of partitions. */
  private List<Long> memberships() {
    return source.tables("app.*").schemas().stream().map(TableSchema::membership).toList();
  }

  @Test
  void whoLeavesThePublicationComesBackAsAnotherAndWhoStaysIsTheSame() throws SQLException {
    source.sql(
        "CREATE TABLE app.parts (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE app.leaf PARTITION OF app.parts FOR VALUES FROM (0) TO (10)");
    assertThat(memberships()).containsExactly(0L, 0L);
    setup("app.*").apply();
    List<Long> first = memberships();
    assertThat(first).doesNotContain(0L).doesNotHaveDuplicates();

    source.sql(
        "CREATE TABLE app.other (id int PRIMARY KEY)",
        "ALTER PUBLICATION firn SET TABLE ONLY app.orders, app.parts, app.other",
        "ALTER PUBLICATION firn DROP TABLE app.other",
        "DROP TABLE app.other",
        "ALTER PUBLICATION firn SET (publish_via_partition_root = true)",
        "ALTER TABLE app.orders RENAME TO renamed",
        "ALTER TABLE app.renamed RENAME TO orders");
    setup("app.*").apply();
    assertThat(memberships()).isEqualTo(first);

    source.sql("ALTER PUBLICATION firn DROP TABLE app.parts", "INSERT INTO app.parts VALUES (1)");
    assertThat(memberships()).containsExactly(first.getFirst(), 0L);
    setup("app.*").apply();
    source.sql(
        "ALTER PUBLICATION firn SET TABLE app.parts",
        "ALTER PUBLICATION firn ADD TABLE ONLY app.orders");
    assertThat(memberships()).doesNotContain(0L).doesNotContainAnyElementsOf(first);
  }

  @Test
  void aTableThatInheritsFromAPublishedOneIsNotPublishedByIt() throws SQLException {
    source.sql("CREATE TABLE app.heir () INHERITS (app.orders)");
    setup("app.*").apply();
    assertThat(published()).containsExactly("app.orders");
    source.sql(
        "INSERT INTO app.heir VALUES (1)", "UPDATE app.heir SET id = 2", "DELETE FROM app.heir");
  }

  @Test
  void aPublicationOfAllTablesIsRefused() throws SQLException {
    source.sql("CREATE PUBLICATION firn FOR ALL TABLES");
    PostgresSetup setup = setup("app.*");
    assertThatThrownBy(setup::apply)
        .isInstanceOf(FirnException.class)
        .hasMessageContaining("FOR ALL TABLES");
  }

  @Test
  void aTableNamedExactlyThatCannotBeMirroredStopsTheSetupBeforeItChangesAnything()
      throws SQLException {
    PostgresSetup setup = setup("app.*", "app.history");
    assertThatThrownBy(setup::plan).hasMessageContaining("app.history has no key");
    assertThatThrownBy(setup::apply).hasMessageContaining("app.history has no key");
    assertThat(source.one("SELECT count(*) FROM pg_publication")).isEqualTo("0");
    assertThat(source.one("SELECT count(*) FROM pg_event_trigger")).isEqualTo("0");
  }

  @Test
  void aMistakeInTheConfigTakesNoTableOutOfThePublication() throws SQLException {
    source.sql("CREATE TABLE app.well (id int PRIMARY KEY)");
    setup("app.*").apply();
    FirnConfig misspelt =
        source.matching(List.of(TestSource.rule("app.o*", "idd"), TestSource.rule("app.*")));
    PostgresSetup setup = setup(source.connections(), misspelt);
    String told = "app.orders has no column idd, which key names";
    assertThatThrownBy(setup::plan).hasMessageContaining(told);
    assertThatThrownBy(setup::apply).hasMessageContaining(told);
    assertThat(published()).containsExactly("app.orders", "app.well");
    assertThat(new PostgresDoctor(source.connections(), misspelt).check(Optional.empty()))
        .filteredOn(check -> check.name().equals("publication firn"))
        .singleElement()
        .satisfies(check -> {
          assertThat(check.detail()).contains(told);
          assertThat(check.mend()).contains("correct key").doesNotContain("firn setup");
        });
  }

  @Test
  void schemaChangesAreInTheLogBetweenTheRowsOfTheirTransaction() throws SQLException {
    setup("app.*").apply();
    source.sql(
        "BEGIN",
        "INSERT INTO app.orders VALUES (1, 'a')",
        "ALTER TABLE app.orders RENAME note TO remark",
        "INSERT INTO app.orders VALUES (2, 'b')",
        "COMMIT");
    long oid = Long.parseLong(source.one("SELECT 'app.orders'::regclass::oid::bigint"));
    List<String> changes = streamed();
    assertThat(changes).hasSize(3);
    assertThat(changes.get(0)).isEqualTo("I");
    assertThat(changes.get(2)).isEqualTo("I");
    assertThat(changes.get(1))
        .startsWith("firn.ddl {")
        .contains("\"tag\" : \"ALTER TABLE\"", "\"oid\" : " + oid, "[1, \"id\", \"integer\"]")
        .contains("[2, \"remark\", \"text\"]", "\"rewrite\" : false", "\"unpublished\" : []");
  }

  /** Without the padding behind the message, every second order would be wrong. */
  @Test
  void schemaChangesInSavepointsKeepTheirPlaceAmongTheRows() throws SQLException {
    setup("app.*").apply();
    List<String> statements = new ArrayList<>(List.of("BEGIN"));
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 6; i++) {
      statements.add("INSERT INTO app.orders VALUES (" + i + ", 'x')");
      statements.add("SAVEPOINT s");
      statements.add("ALTER TABLE app.orders ALTER note SET STATISTICS " + (100 + i));
      statements.add("RELEASE s");
      expected.append("IM");
    }
    statements.add("COMMIT");
    source.sql(statements.toArray(String[]::new));
    assertThat(
            streamed().stream()
                .map(change -> change.startsWith("firn.ddl") ? "M" : change)
                .collect(Collectors.joining()))
        .isEqualTo(expected.toString());
  }

  @Test
  void dropsRewritesAndTypeChangesAreInTheLog() throws SQLException {
    source.sql("CREATE TYPE app.mood AS ENUM ('a')", "ALTER TABLE app.orders ADD m app.mood");
    setup("app.*").apply();
    source.sql("ALTER TABLE app.orders ALTER note TYPE int USING 1");
    assertThat(streamed())
        .hasSize(2)
        .allSatisfy(change -> assertThat(change).contains("[2, \"note\", \"integer\"]"))
        .anySatisfy(change -> assertThat(change).contains("\"rewrite\" : true", "\"reason\" : 4"));
    source.sql("ALTER TYPE app.mood RENAME VALUE 'a' TO 'b'");
    assertThat(streamed())
        .singleElement()
        .asString()
        .contains("\"tag\" : \"ALTER TYPE\"", "\"table\" : \"orders\"", "app.mood");
    source.sql("DROP TYPE app.mood CASCADE");
    assertThat(streamed())
        .singleElement()
        .asString()
        .contains("\"table\" : \"orders\"")
        .doesNotContain("app.mood\"]");
    source.sql("DROP TABLE app.history, app.orders");
    assertThat(streamed())
        .singleElement()
        .asString()
        .contains("\"dropped\" : [{", "\"table\" : \"history\"", "\"table\" : \"orders\"");
  }

  @Test
  void temporaryTablesLeaveNoTraceInTheLog() throws SQLException {
    setup("app.*").apply();
    source.sql(
        "CREATE TEMP TABLE t (id int PRIMARY KEY, x text)",
        "CREATE INDEX ON t (x)",
        "ALTER TABLE t ADD y int DEFAULT random()",
        "DROP TABLE t");
    assertThat(streamed()).isEmpty();
  }

  @Test
  void aTableThatLosesItsIdentityLeavesThePublicationAndStaysWritable() throws SQLException {
    source.sql(
        "CREATE TABLE app.a (id int PRIMARY KEY)",
        "CREATE TABLE app.b (id int PRIMARY KEY)",
        "CREATE TABLE app.c (id int NOT NULL)",
        "CREATE UNIQUE INDEX c_id ON app.c (id)",
        "ALTER TABLE app.c REPLICA IDENTITY USING INDEX c_id",
        "CREATE DOMAIN app.dom AS int",
        "CREATE TABLE app.d (id app.dom PRIMARY KEY, x int)",
        "CREATE TABLE app.e (id int PRIMARY KEY)",
        "ALTER TABLE app.e REPLICA IDENTITY FULL",
        "CREATE TABLE app.p (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "ALTER TABLE app.p REPLICA IDENTITY FULL",
        "CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (0) TO (10)");
    setup("app.*").apply();
    assertThat(published()).hasSize(7);
    source.sql(
        "ALTER TABLE app.a DROP CONSTRAINT a_pkey",
        "ALTER TABLE app.b REPLICA IDENTITY NOTHING",
        "DROP INDEX app.c_id",
        "DROP DOMAIN app.dom CASCADE",
        "ALTER TABLE app.e ADD g int GENERATED ALWAYS AS (id + 1) STORED",
        "CREATE TABLE app.p2 PARTITION OF app.p FOR VALUES FROM (10) TO (20)",
        "ALTER TABLE app.p2 REPLICA IDENTITY NOTHING");
    assertThat(published()).containsExactly("app.orders");
    assertThat(streamed())
        .filteredOn(change -> !change.contains("\"unpublished\" : []"))
        .hasSize(6)
        .anySatisfy(change -> assertThat(change).contains("\"unpublished\" : [{", "\"a\""));
    source.sql(
        "INSERT INTO app.a VALUES (1)",
        "UPDATE app.a SET id = 2",
        "DELETE FROM app.a",
        "INSERT INTO app.b VALUES (1)",
        "UPDATE app.b SET id = 2",
        "DELETE FROM app.b",
        "INSERT INTO app.c VALUES (1)",
        "UPDATE app.c SET id = 2",
        "DELETE FROM app.c",
        "INSERT INTO app.d VALUES (1)",
        "UPDATE app.d SET x = 2",
        "DELETE FROM app.d",
        "INSERT INTO app.e VALUES (1)",
        "UPDATE app.e SET id = 2",
        "DELETE FROM app.e",
        "INSERT INTO app.p VALUES (11)",
        "UPDATE app.p SET id = 12",
        "DELETE FROM app.p");
  }

  @Test
  void theSourcesOwnDdlAndKeylessTablesWorkWithFirnSetUp() throws SQLException {
    setup("app.*").apply();
    source.sql(
        "CREATE ROLE dev LOGIN PASSWORD 'postgres'", "GRANT CREATE ON DATABASE postgres TO dev");
    try (Connection connection = source.connect("dev");
        Statement statement = connection.createStatement()) {
      for (String sql :
          List.of(
              "CREATE SCHEMA mine",
              "SET search_path = mine",
              "CREATE TABLE keyless AS SELECT 1 AS x",
              "UPDATE keyless SET x = 2",
              "DELETE FROM keyless",
              "ALTER TABLE keyless ADD id int PRIMARY KEY, ADD v text DEFAULT random()::text",
              "CREATE VIEW v AS SELECT * FROM keyless",
              "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
              "CREATE TYPE e AS ENUM ('a')",
              "ALTER TYPE e ADD VALUE 'b'",
              "CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one",
              "REFRESH MATERIALIZED VIEW mv",
              "CREATE TABLE parts (id int, PRIMARY KEY (id)) PARTITION BY LIST (id)",
              "CREATE TABLE part1 PARTITION OF parts FOR VALUES IN (1)",
              "ALTER TABLE parts DETACH PARTITION part1",
              "CREATE INDEX CONCURRENTLY ON keyless (v)",
              "CLUSTER keyless USING keyless_pkey",
              "COMMENT ON TABLE keyless IS 'x'",
              "TRUNCATE keyless",
              "ALTER TABLE keyless RENAME TO other",
              "DROP TABLE parts, part1",
              "DROP SCHEMA mine CASCADE")) {
        statement.execute(sql);
        assertThat(statement.getWarnings() == null ? "" : statement.getWarnings().getMessage())
            .as(sql)
            .doesNotContain("firn");
      }
    }
    source.sql("DROP OWNED BY dev", "DROP ROLE dev");
  }

  @Test
  void aBrokenTriggerWarnsAndLetsTheStatementGoOn() throws SQLException {
    source.sql("CREATE TABLE app.other (id int PRIMARY KEY)");
    setup("app.*").apply();
    source.sql("DROP FUNCTION firn.describe", "DROP FUNCTION firn.take_out");
    try (Connection connection = source.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("ALTER TABLE app.orders ADD v text DEFAULT random()::text");
      assertThat(statement.getWarnings().getMessage()).contains("firn could not");
      statement.execute("DROP TABLE app.orders");
    }
    assertThat(setup("app.*").plan().steps(SetupPlan.Part.TRIGGERS)).hasSize(2);
  }

  @Test
  void withoutSuperuserAllButTheTriggersIsSetUp() throws SQLException {
    source.sql(
        "CREATE ROLE owner LOGIN REPLICATION PASSWORD 'postgres'",
        "GRANT CREATE ON DATABASE postgres TO owner",
        "GRANT USAGE ON SCHEMA app TO owner",
        "ALTER TABLE app.orders OWNER TO owner");
    PostgresConnections connections = source.connections("owner");
    FirnConfig config =
        TestSource.matching(source.config("postgres", "owner"), List.of(TestSource.rule("app.*")));
    SetupPlan done = setup(connections, config).apply();
    assertThat(done.steps(SetupPlan.Part.TRIGGERS))
        .isNotEmpty()
        .noneMatch(SetupPlan.Step::permitted);
    assertThat(done.script()).contains("(needs a superuser)");
    assertThat(published()).containsExactly("app.orders");
    assertThat(setup(connections, config).plan().steps())
        .allMatch(step -> step.part() == SetupPlan.Part.TRIGGERS);
    source.sql("CREATE TABLE app.another (id int PRIMARY KEY)");
    assertThatThrownBy(() -> setup(connections, config).apply())
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.SOURCE_UNFIT))
        .hasMessageContaining("must be owner of table another");
    source.sql("DROP OWNED BY owner CASCADE", "DROP ROLE owner");
  }

  @Test
  void theGrantedRightsSufficeToCopyAndToHoldASlot() throws Exception {
    source.sql("INSERT INTO app.orders VALUES (1, 'x')");
    FirnConfig config =
        TestSource.matching(
            source.config("postgres", "replicator"), List.of(TestSource.rule("app.*")));
    source.sql(
        "CREATE ROLE replicator", PostgresSetup.grants(config.source(), source.tables("app.*")));
    setup("app.*").apply();
    PostgresConnections connections = source.connections("replicator");
    TableSchema table = new SourceCatalog(connections, config).read().schemas().getFirst();
    List<Long> ids = new ArrayList<>();
    try (TableLoader.View view =
        new PostgresLoader(connections, Duration.ofSeconds(20)).open(table)) {
      view.copy(row -> ids.add(row.getLong(0)));
    }
    assertThat(ids).containsExactly(1L);
    assertThat(new PostgresDoctor(connections, config).check(Optional.empty()))
        .noneMatch(check -> check.outcome() == dev.firn.change.health.Check.Outcome.FAILED);
    source.sql("DROP OWNED BY replicator", "DROP ROLE replicator");
  }
}
