package dev.firn.cdc.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.health.Check;
import dev.firn.change.health.Check.Outcome;
import dev.firn.config.FirnConfig;
import dev.firn.config.Secret;
import dev.firn.config.SourceConfig;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PostgresDoctorTest extends OnOneServer {
  private List<Check> check(FirnConfig config) {
    return new PostgresDoctor(new dev.firn.cdc.connect.PostgresConnections(config.source()), config)
        .check(Optional.empty());
  }

  private static Check named(List<Check> checks, String name) {
    return checks.stream()
        .filter(check -> check.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError(name + " is not among " + checks));
  }

  private static void createSlot(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT pg_create_logical_replication_slot('firn', 'pgoutput')");
    }
  }

  @Test
  void whatIsMissingFailsWithItsMendAndASetUpSourceIsWell() throws SQLException {
    source.sql(
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.orders (id int PRIMARY KEY)",
        "CREATE TABLE shop.log (line text)");
    FirnConfig config = source.matching("shop.*");
    List<Check> before = check(config);
    assertThat(named(before, "slot firn").outcome()).isEqualTo(Outcome.FAILED);
    assertThat(named(before, "publication firn").detail()).contains("not set up for Firn yet");
    assertThat(named(before, "publication firn").mend()).isEqualTo("firn setup");
    assertThat(named(before, "schema-change triggers").outcome()).isEqualTo(Outcome.WARNING);
    assertThat(named(before, "table shop.log"))
        .isEqualTo(
            Check.warning(
                "table shop.log",
                "has no key: it is not mirrored",
                named(before, "table shop.log").mend()));

    try (Connection connection = source.connect()) {
      new PostgresSetup(source.connections(), config, () -> {}).apply();
      createSlot(connection);
    }
    List<Check> after = check(config);
    assertThat(after).noneMatch(check -> check.outcome() == Outcome.FAILED);
    assertThat(named(after, "source version").detail()).contains("PostgreSQL " + version());
    assertThat(named(after, "publication firn").outcome()).isEqualTo(Outcome.OK);
    assertThat(named(after, "schema-change triggers").outcome()).isEqualTo(Outcome.OK);
    assertThat(named(after, "slot firn").detail()).contains("holds back", "reserved");
    assertThat(named(after, "tables").detail()).isEqualTo("1 can be mirrored, 1 refused");
    assertThat(named(after, "max_slot_wal_keep_size").detail()).contains("unbounded");

    FirnConfig exact = source.matching("shop.*", "shop.log");
    assertThat(named(check(exact), "table shop.log").outcome()).isEqualTo(Outcome.FAILED);

    source.sql("CREATE TABLE shop.late (id int PRIMARY KEY)");
    assertThat(named(check(config), "publication firn").detail())
        .contains("ADD TABLE ONLY \"shop\".\"late\"");
  }

  @Test
  void rightsThatAreMissingAreNamedWithTheirGrant() throws SQLException {
    source.sql(
        "CREATE ROLE weak LOGIN PASSWORD 'postgres'",
        "CREATE SCHEMA closed",
        "CREATE TABLE closed.t (id int PRIMARY KEY)");
    FirnConfig config =
        TestSource.matching(
            source.config("postgres", "weak"), List.of(TestSource.rule("closed.*")));
    List<Check> checks = check(config);
    assertThat(named(checks, "replication right").mend())
        .startsWith("ALTER ROLE \"weak\" REPLICATION");
    assertThat(named(checks, "rights").mend()).isEqualTo("GRANT USAGE ON SCHEMA closed TO weak");
    source.sql("GRANT USAGE ON SCHEMA closed TO weak");
    assertThat(named(check(config), "rights").mend())
        .isEqualTo("GRANT SELECT ON TABLE closed.t TO weak");
    source.sql(
        "GRANT SELECT ON closed.t TO weak", "ALTER TABLE closed.t ENABLE ROW LEVEL SECURITY");
    assertThat(named(check(config), "rights").mend()).contains("BYPASSRLS");
    source.sql("ALTER ROLE weak BYPASSRLS");
    assertThat(named(check(config), "rights").outcome()).isEqualTo(Outcome.OK);
  }

  @Test
  void anUnreachableSourceIsOneFailedCheck() {
    FirnConfig config =
        TestSource.matching(
            new SourceConfig(
                "127.0.0.1", 1, "postgres", "postgres", Secret.of("x"), Map.of(), "firn", "firn"),
            List.of(TestSource.rule("public.*")));
    assertThat(check(config))
        .singleElement()
        .satisfies(check -> {
          assertThat(check.outcome()).isEqualTo(Outcome.FAILED);
          assertThat(check.detail()).contains("127.0.0.1:1");
        });
  }

  @Test
  void aPublicationOfAllTablesFails() throws SQLException {
    source.sql("CREATE PUBLICATION everything FOR ALL TABLES");
    SourceConfig plain = source.config("postgres", "postgres");
    FirnConfig config =
        TestSource.matching(
            new SourceConfig(
                plain.host(),
                plain.port(),
                plain.database(),
                plain.user(),
                plain.password(),
                plain.parameters(),
                "firn",
                "everything"),
            List.of(TestSource.rule("public.*")));
    assertThat(named(check(config), "publication everything").mend())
        .contains("DROP PUBLICATION \"everything\"");
  }
}
