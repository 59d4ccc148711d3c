package dev.firn.cdc.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.fault.FirnException;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Simple;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SourceCatalogTest extends OnOneServer {
  private static List<Refusal> reasons(SourceTables tables, String schema, String name) {
    return tables.refused().stream()
        .filter(table -> table.id().equals(new TableId(schema, name)))
        .findFirst()
        .map(SourceTable.Refused::reasons)
        .orElseThrow(() -> new AssertionError("not refused: " + tables));
  }

  private static List<String> names(SourceTables tables) {
    return tables.mirrored().stream().map(table -> table.id().name()).toList();
  }

  @Test
  void readsColumnsByIdentityAndTheKeyInItsOwnOrder() throws SQLException {
    source.sql(
        "CREATE SCHEMA shape",
        "CREATE TYPE shape.mood AS ENUM ('sad', 'glad')",
        "CREATE DOMAIN shape.cents AS numeric(12,2) CHECK (value >= 0)",
        "CREATE TABLE shape.t (gone int, b text NOT NULL, a int NOT NULL, m shape.mood, c"
            + " shape.cents, \"odd \"\"name\" varchar(7)[], PRIMARY KEY (a, b))",
        "ALTER TABLE shape.t DROP COLUMN gone");
    TableSchema table = source.schema("shape", "t");
    assertThat(table.sourceId())
        .isEqualTo(Long.parseLong(source.one("SELECT 'shape.t'::regclass::oid::bigint")));
    assertThat(table.columns())
        .containsExactly(
            new Column(2, "b", Simple.TEXT, false, "text"),
            new Column(3, "a", Simple.INT32, false, "integer"),
            new Column(4, "m", Simple.TEXT, true, "shape.mood"),
            new Column(5, "c", new ColumnType.Decimal(12, 2), true, "shape.cents"),
            new Column(
                6,
                "odd \"name",
                new ColumnType.Array(Simple.TEXT),
                true,
                "character varying(7)[]"));
    assertThat(table.key()).containsExactly(1, 0);
  }

  @Test
  void listsTablesAndPartitionedRootsButNoViewsLeavesOrSystemTables() throws SQLException {
    source.sql(
        "CREATE SCHEMA kinds",
        "CREATE TABLE kinds.plain (id int PRIMARY KEY)",
        "CREATE TABLE kinds.child (extra int, PRIMARY KEY (id)) INHERITS (kinds.plain)",
        "CREATE TABLE kinds.root (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE kinds.middle PARTITION OF kinds.root FOR VALUES FROM (0) TO (10) PARTITION BY"
            + " RANGE (id)",
        "CREATE TABLE kinds.leaf PARTITION OF kinds.middle FOR VALUES FROM (0) TO (5)",
        "CREATE VIEW kinds.v AS SELECT * FROM kinds.plain",
        "CREATE MATERIALIZED VIEW kinds.mv AS SELECT * FROM kinds.plain",
        "CREATE UNLOGGED TABLE kinds.scratch (id int PRIMARY KEY)");
    SourceTables tables = source.tables("kinds.*", "pg_catalog.*", "information_schema.*");
    assertThat(names(tables)).containsExactly("child", "plain", "root");
    assertThat(tables.mirrored().get(2).partitioned()).isTrue();
    assertThat(tables.mirrored().get(2).notes())
        .singleElement()
        .asString()
        .contains("is partitioned", "TRUNCATE", "ATTACH");
    assertThat(tables.mirrored().get(1).notes()).isEmpty();
    assertThat(tables.refused()).extracting(t -> t.id().name()).containsExactly("scratch");
    assertThat(reasons(tables, "kinds", "scratch"))
        .containsExactly(new Refusal.Unlogged(new TableId("kinds", "scratch")));
    assertThat(names(source.tables("kinds.leaf"))).containsExactly("leaf");
    assertThat(reasons(source.tables("kinds.root", "kinds.leaf"), "kinds", "leaf"))
        .containsExactly(new Refusal.PartOfMirrored(new TableId("kinds", "root")));
    assertThat(reasons(source.tables("kinds.v"), "kinds", "v"))
        .containsExactly(new Refusal.NotATable("a view"));
    assertThat(reasons(source.tables("kinds.nothing"), "kinds", "nothing"))
        .containsExactly(new Refusal.NotFound());
  }

  @Test
  void aTableMatchedOnlyByAWildcardIsRefusedByNameAndTheOthersGoOn() throws SQLException {
    source.sql(
        "CREATE SCHEMA bench",
        "CREATE TABLE bench.pgbench_accounts (aid int PRIMARY KEY)",
        "CREATE TABLE bench.pgbench_history (tid int)");
    SourceTables byPattern = source.tables("bench.*");
    assertThat(names(byPattern)).containsExactly("pgbench_accounts");
    assertThat(byPattern.refused())
        .singleElement()
        .satisfies(table -> {
          assertThat(table.what()).isEqualTo("bench.pgbench_history has no key");
          assertThat(table.mend()).contains("add a primary key");
        });
    assertThatCode(byPattern::requireUsable).doesNotThrowAnyException();

    SourceTables byName = source.tables("bench.*", "bench.pgbench_history");
    assertThatThrownBy(byName::requireUsable)
        .isInstanceOf(FirnException.class)
        .hasMessageContaining("bench.pgbench_history has no key");
    assertThatThrownBy(source.tables("nowhere.*")::requireUsable)
        .hasMessageContaining("no table of the source matches");
  }

  @Test
  void aNewTableThatOnlyAWildcardMatchesIsLeftOutOfAReplicaThatExists() throws SQLException {
    source.sql(
        "CREATE SCHEMA team",
        "CREATE TABLE team.sent (id int PRIMARY KEY)",
        "CREATE TABLE team.left (id int PRIMARY KEY)",
        "CREATE TABLE team.fresh (id int PRIMARY KEY)",
        "CREATE TABLE team.named (id int PRIMARY KEY)",
        "CREATE PUBLICATION firn FOR TABLE team.sent");
    SourceTables tables =
        source.tables("team.*", "team.named").leavingOutNew(Set.of(new TableId("team", "left")));
    source.sql("DROP PUBLICATION firn");
    assertThat(names(tables)).containsExactly("left", "named", "sent");
    assertThat(reasons(tables, "team", "fresh")).containsExactly(new Refusal.NotPublished());
    assertThatCode(tables::requireUsable).doesNotThrowAnyException();
  }

  @Test
  void everyUnsupportedTypeIsRefusedByColumnAndType() throws SQLException {
    source.sql(
        "CREATE SCHEMA odd",
        "CREATE TYPE odd.pair AS (a int, b int)",
        "CREATE DOMAIN odd.ints AS int[]",
        "CREATE TABLE odd.t (id int PRIMARY KEY, a numeric, b numeric(39,2), c interval, d money, e"
            + " int4range, f int4multirange, g point, h odd.pair, i timetz, j bit(3), k varbit, l"
            + " inet, m cidr, n macaddr, o xml, p tsvector, q \"char\", r oid, s int2vector, t"
            + " numeric[], u odd.ints[], v regclass, w pg_lsn)");
    List<Refusal> reasons = reasons(source.tables("odd.t"), "odd", "t");
    assertThat(reasons)
        .allMatch(Refusal.UnsupportedColumn.class::isInstance)
        .extracting(r -> ((Refusal.UnsupportedColumn) r).column())
        .containsExactly(
            "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q",
            "r", "s", "t", "u", "v", "w");
    assertThat(reasons.getFirst().what())
        .isEqualTo(
            "has column a of type numeric, which has no precision, so no decimal holds all its"
                + " values");
  }

  @Test
  void numericsOutsideOfIcebergsDecimalsAreRefused() throws SQLException {
    if (Integer.parseInt(source.one("SHOW server_version_num")) >= 150_000) {
      source.sql(
          "CREATE SCHEMA scales",
          "CREATE TABLE scales.t (id int PRIMARY KEY, a numeric(5,-2), b numeric(3,5), c"
              + " numeric(38,38))");
      assertThat(reasons(source.tables("scales.t"), "scales", "t"))
          .extracting(r -> ((Refusal.UnsupportedColumn) r).column())
          .containsExactly("a", "b");
    }
    assertThat(
            new PostgresTypes(
                    List.of(new PostgresTypes.PgType(1700, "numeric", 'b', 'N', 0, 0, -1)))
                .map(1700, (5 << 16 | 2) + 4))
        .isEqualTo(new PostgresTypes.Mapping.Mapped(new ColumnType.Decimal(5, 2)));
  }

  @Test
  void keysMustBeUniqueRequiredAndLogged() throws SQLException {
    source.sql(
        "CREATE SCHEMA keys",
        "CREATE TABLE keys.deferred (id int PRIMARY KEY DEFERRABLE)",
        "CREATE TABLE keys.nothing (id int PRIMARY KEY)",
        "ALTER TABLE keys.nothing REPLICA IDENTITY NOTHING",
        "CREATE TABLE keys.outside (id int PRIMARY KEY, code text NOT NULL UNIQUE)",
        "CREATE TABLE keys.by_index (id int, code text NOT NULL)",
        "CREATE UNIQUE INDEX by_code ON keys.by_index (code)",
        "ALTER TABLE keys.by_index REPLICA IDENTITY USING INDEX by_code",
        "CREATE TABLE keys.whole (id int, code text NOT NULL UNIQUE)",
        "ALTER TABLE keys.whole REPLICA IDENTITY FULL",
        "CREATE TABLE keys.nullable (id int PRIMARY KEY, code text UNIQUE)",
        "CREATE TABLE keys.partial (id int PRIMARY KEY, code text NOT NULL)",
        "CREATE UNIQUE INDEX ON keys.partial (code) WHERE id > 0");
    SourceTables defaults = source.tables("keys.*");
    assertThat(names(defaults)).containsExactly("by_index", "nullable", "outside", "partial");
    assertThat(reasons(defaults, "keys", "deferred")).containsExactly(new Refusal.DeferrableKey());
    assertThat(reasons(defaults, "keys", "whole")).containsExactly(new Refusal.NoKey());
    assertThat(reasons(defaults, "keys", "nothing"))
        .containsExactly(new Refusal.NoReplicaIdentity(new TableId("keys", "nothing")));

    SourceTables byCode = source.tables(List.of(TestSource.rule("keys.*", "code")));
    assertThat(names(byCode)).containsExactly("by_index", "whole");
    assertThat(reasons(byCode, "keys", "outside"))
        .containsExactly(
            new Refusal.KeyOutsideIdentity(new TableId("keys", "outside"), List.of("code")));
    assertThat(reasons(byCode, "keys", "nullable"))
        .containsExactly(new Refusal.NullableKey("code"));
    assertThat(reasons(byCode, "keys", "partial"))
        .containsExactly(new Refusal.KeyNotUnique(List.of("code")));
    assertThat(reasons(byCode, "keys", "deferred"))
        .containsExactly(new Refusal.UnknownColumn("key", "code"));
  }

  @Test
  void everyLeafNeedsAnIdentityThatHoldsTheKey() throws SQLException {
    source.sql(
        "CREATE SCHEMA parts",
        "CREATE TABLE parts.root (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE parts.a PARTITION OF parts.root FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE parts.b PARTITION OF parts.root FOR VALUES FROM (10) TO (20)");
    assertThat(names(source.tables("parts.*"))).containsExactly("root");
    source.sql("ALTER TABLE parts.b REPLICA IDENTITY NOTHING");
    assertThat(reasons(source.tables("parts.*"), "parts", "root"))
        .containsExactly(new Refusal.NoReplicaIdentity(new TableId("parts", "b")));
  }

  @Test
  void namesThatDifferOnlyByCaseAreRefused() throws SQLException {
    source.sql(
        "CREATE SCHEMA cases",
        "CREATE TABLE cases.t (id int PRIMARY KEY)",
        "CREATE TABLE cases.\"T\" (id int PRIMARY KEY)",
        "CREATE TABLE cases.c (id int PRIMARY KEY, a int, \"A\" int)");
    SourceTables tables = source.tables("cases.*");
    assertThat(tables.mirrored()).isEmpty();
    assertThat(reasons(tables, "cases", "t"))
        .containsExactly(new Refusal.TablesDifferOnlyByCase(new TableId("cases", "T")));
    assertThat(reasons(tables, "cases", "c"))
        .containsExactly(new Refusal.ColumnsDifferOnlyByCase("a", "A"));
    assertThat(names(source.tables("cases.t"))).containsExactly("t");
  }

  @Test
  void enumsCarryANoteAlsoInDomainsAndArrays() throws SQLException {
    source.sql(
        "CREATE SCHEMA words",
        "CREATE TYPE words.state AS ENUM ('open', 'closed')",
        "CREATE DOMAIN words.kept AS words.state",
        "CREATE TABLE words.t (id int PRIMARY KEY, a words.state, b words.kept,"
            + " c words.state[], d text[])");
    assertThat(source.tables("words.*").mirrored().getFirst().notes())
        .hasSize(3)
        .allSatisfy(note -> assertThat(note).contains("RENAME VALUE"));
  }

  @Test
  void generatedColumnsAreLeftOutWithANote() throws SQLException {
    source.sql(
        "CREATE SCHEMA gen",
        "CREATE TABLE gen.t (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED)",
        "CREATE TABLE gen.f (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED)",
        "ALTER TABLE gen.f REPLICA IDENTITY FULL");
    SourceTables tables = source.tables("gen.*");
    assertThat(tables.mirrored())
        .singleElement()
        .satisfies(table -> {
          assertThat(table.schema().columns()).extracting(Column::name).containsExactly("id", "a");
          assertThat(table.notes()).singleElement().asString().contains("generated column b");
        });
    assertThat(reasons(tables, "gen", "f"))
        .containsExactly(new Refusal.GeneratedInIdentity(new TableId("gen", "f"), "b"));
  }
}
