package dev.firn.cdc.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.cdc.postgres.PostgresLoader;
import dev.firn.cdc.postgres.PostgresSetup;
import dev.firn.cdc.postgres.SourceCatalog;
import dev.firn.cdc.slot.Slots;
import dev.firn.change.TableLoader;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.table.TableSchema;
import dev.firn.config.CatalogConfig;
import dev.firn.config.FirnConfig;
import dev.firn.config.HttpConfig;
import dev.firn.config.ReplicateConfig;
import dev.firn.config.TablePattern;
import dev.firn.config.TableRule;
import dev.firn.testing.EmbeddedPostgres;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The stream together with what sets the source up and loads from it. */
class DdlStreamTest {
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.start();
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
  }

  private static FirnConfig config(StreamFixture db) {
    return new FirnConfig(
        db.config,
        new CatalogConfig(
            CatalogConfig.Type.JDBC, "", "lake", "jdbc:sqlite::memory:", "s3://lake", Map.of()),
        new ReplicateConfig(
            List.of("spark"),
            3,
            new ReplicateConfig.Checkpoint(Duration.ofSeconds(1), 1_000, 1_000_000),
            ReplicateConfig.DEFAULT_MAX_ROW_BYTES),
        List.of(
            new TableRule(
                new TablePattern("public.*"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty())),
        new HttpConfig("127.0.0.1", 0));
  }

  /** Sets up as {@code firn setup} does, and returns the tables as the daemon gets them. */
  private static List<TableSchema> setUp(StreamFixture db) {
    FirnConfig config = config(db);
    new PostgresSetup(
            db.connections, config, () -> new Slots(db.config, db.connections).createIfMissing())
        .apply();
    return new SourceCatalog(db.connections, config).read().schemas();
  }

  private static TableSchema named(List<TableSchema> tables, String name) {
    return tables.stream().filter(t -> t.id().name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void onlyWhatChangesAMirroredTablesShapeStopsTheStream() throws Exception {
    List<String> stopping =
        List.of(
            "ALTER TABLE %s ADD COLUMN extra int",
            "ALTER TABLE %s DROP COLUMN s",
            "ALTER TABLE %s RENAME COLUMN s TO s2",
            "ALTER TABLE %s ALTER COLUMN n TYPE bigint",
            "ALTER TABLE %s ALTER COLUMN n TYPE int USING n + 1",
            "ALTER TABLE %s ADD COLUMN u uuid DEFAULT gen_random_uuid()",
            "ALTER TABLE %s DROP COLUMN s, ADD COLUMN s text",
            "ALTER TABLE %1$s RENAME TO %1$s_renamed",
            "ALTER TABLE %1$s DROP CONSTRAINT %1$s_pkey",
            "DROP TABLE %s");
    try (StreamFixture db = new StreamFixture(server, "triggers")) {
      for (int i = 0; i < stopping.size(); i++) {
        db.execute("CREATE TABLE t" + i + " (id int PRIMARY KEY, n int, s text)");
      }
      List<TableSchema> tables = setUp(db);
      for (int i = 0; i < stopping.size(); i++) {
        String table = "t" + i;
        Position here = db.advance();
        RecordingSink sink = new RecordingSink(here);
        StreamFixture.Running running = db.run(sink, here, named(tables, table));
        db.execute(
            "CREATE INDEX ON " + table + " (n)",
            "COMMENT ON TABLE " + table + " IS 'x'",
            "ALTER TABLE " + table + " ALTER n SET DEFAULT 5, SET (fillfactor = 80)",
            "CREATE TABLE unrelated (id int PRIMARY KEY)",
            "ALTER TABLE unrelated ADD COLUMN x uuid DEFAULT gen_random_uuid()",
            "DROP TABLE unrelated",
            "INSERT INTO " + table + " VALUES (1, 1, 'a')");
        sink.await(s -> !s.changes().isEmpty());
        String change = stopping.get(i).replace("%1$s", table).replace("%s", table);
        db.transaction("INSERT INTO " + table + " VALUES (2, 2, 'b')", change);
        Throwable thrown = running.awaitFailure();
        assertThat(thrown).as(change).isInstanceOf(FirnException.class);
        assertThat(((FirnException) thrown).kind())
            .as(change)
            .isEqualTo(FirnException.Kind.SCHEMA_CHANGED);
        assertThat(thrown).as(change).hasMessageContaining("public." + table);
        assertThat(sink.changes()).as(change).containsExactly("insert " + table + " [1, 1, a]");
      }
    }
  }

  @Test
  void aLoadAndTheStreamHoldTheSameBytesOfEveryType() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "loadboth")) {
      db.execute(
          "CREATE TYPE mood AS ENUM ('so so', 'well')",
          "CREATE TYPE \"Odd Type\" AS ENUM ('x')",
          "CREATE DOMAIN cents AS numeric(12,2)",
          "CREATE TABLE t (id bigserial PRIMARY KEY, b bool, i2 smallint, i8 bigint, f4 real,"
              + " f8 double precision, d date, ti time(3), tz timestamptz(6), ts timestamp(3),"
              + " ts0 timestamp, s text, v varchar(10), v0 varchar, c char(5), m mood,"
              + " o \"Odd Type\", j json, jb jsonb, bin bytea, u uuid, n numeric(10,2), e cents,"
              + " w numeric(38,5), ai int[], at text[], av varchar(7)[], an numeric(30,3)[],"
              + " ad numeric(8,1)[], atz timestamptz[], ab bool[], aj jsonb[], ada date[],"
              + " af real[], abin bytea[], au uuid[], ach char(3)[], am mood[])");
      List<TableSchema> tables = setUp(db);
      TableSchema table = named(tables, "t");
      Position here = db.advance();
      RecordingSink sink = new RecordingSink(here);
      StreamFixture.Running running = db.run(sink, here, table);
      db.execute(
          "INSERT INTO t VALUES (1, true, -32768, 9223372036854775807, 'NaN', '-Infinity',"
              + " '0001-01-01', '24:00:00', '2024-03-31 02:30:00.123456+05:30',"
              + " '1969-12-31 23:59:59.999', '294246-01-01', E'a\\u20ac\\U0001F600', 'v', '', 'ab',"
              + " 'so so', 'x', '{\"b\" : 1,  \"a\":[]}', '{\"b\" : 1,  \"a\":[]}', '\\x00ff5c',"
              + " '0123abcd-89ab-cdef-0123-456789abcdef', -0.05, 1234567890.12,"
              + " -123456789012345678901234567890123.45678, '{1,NULL,-3}',"
              + " E'{\"a b\",\"q\\\\\"x\",NULL,\"NULL\",\"\",\"{,}\"}', '{abc}',"
              + " '{123456789012345678901234567.5,NULL,0}', '{-0.1,1234567.8}',"
              + " '[0:1]={\"2020-01-01 00:00:00-08\",\"1960-01-01 00:00:00.000001Z\"}', '{t,f}',"
              + " '{\"{\\\"k\\\": \\\"v,\\\"}\"}', '{9999-12-31,10000-01-01}', '{0.1,-0,NaN}',"
              + " E'{\"\\\\\\\\x00ff\",\"\\\\\\\\x\"}', '{0123abcd-89ab-cdef-0123-456789abcdef}',"
              + " '{a}', '{so so}')",
          "INSERT INTO t (id) VALUES (2)",
          "INSERT INTO t (id, ai, at, w) VALUES (3, '{}', '{NULL}', 0)");
      sink.await(s -> s.changes().size() == 3);
      running.stop();
      List<String> loaded = new ArrayList<>();
      try (TableLoader.View view =
          new PostgresLoader(db.connections, Duration.ofSeconds(30)).open(table)) {
        view.copy(row -> loaded.add("insert t " + RecordingSink.text(table, row)));
      }
      assertThat(sink.changes()).containsExactlyInAnyOrderElementsOf(loaded);
    }
  }
}
