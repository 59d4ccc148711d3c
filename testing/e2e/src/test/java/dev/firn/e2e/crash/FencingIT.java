package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Failpoint;
import dev.firn.change.position.Frontier;
import dev.firn.e2e.daemon.Bank;
import dev.firn.e2e.daemon.ConfigFile;
import dev.firn.e2e.daemon.FirnProcess;
import dev.firn.e2e.daemon.Mirror;
import dev.firn.e2e.daemon.Shapes;
import dev.firn.e2e.reader.EngineReader;
import dev.firn.e2e.reader.Engines;
import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two daemons on one replica: the one that started later advances it, and the other stops, also
 * where it was frozen in the middle of a commit and goes on when the other has long taken over.
 */
@ExtendWith(Engines.Shared.class)
final class FencingIT {

  static List<Mirror.CatalogKind> catalogs() {
    return Extent.of(
        List.of(Mirror.CatalogKind.POSTGRES_ONE_BY_ONE, Mirror.CatalogKind.POSTGRES), 1);
  }

  @ParameterizedTest
  @MethodSource("catalogs")
  void theLaterOfTwoDaemonsAdvancesTheReplica(
      Mirror.CatalogKind catalog, @TempDir Path folder, Engines engines) throws Exception {
    try (Mirror mirror =
        Mirror.start(
            folder,
            new Mirror.Setting(
                EmbeddedPostgres.NEWEST, ConfigFile.FORMAT_3, Shapes.TABLES, "200ms", catalog))) {
      // a frozen daemon holds the slot for as long
      sql(mirror, "ALTER SYSTEM SET wal_sender_timeout = '10s'");
      sql(mirror, "SELECT pg_reload_conf()");
      Takeover takeover = new Takeover(mirror, folder.resolve("reached"), List.of());
      try (Shapes traffic =
          Shapes.start(mirror.postgres(), Extent.CLIENTS, Extent.SEED, Extent.PAUSE)) {
        FirnProcess later = takeover.bothRun();
        try {
          for (Failpoint where :
              Extent.of(
                  List.of(
                      Failpoint.COMMIT_HALF,
                      Failpoint.SNAPSHOT_STAGED,
                      Failpoint.COMMIT_DUE,
                      Failpoint.DATA_FILE_WRITTEN),
                  1)) {
            assertThat(later.terminate()).as(later.log()).isZero();
            later.close();
            later = takeover.oneIsFrozen(where);
          }
          traffic.stop();
          mirror.awaitCaughtUp(later);
          assertThat(later.terminate()).as(later.log()).isZero();
        } finally {
          later.close();
        }
      }
      assertThat(mirror.differencesBy(engines)).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("catalogs")
  void theLaterOfTwoDaemonsOnDifferentTablesAdvancesTheReplica(
      Mirror.CatalogKind catalog, @TempDir Path folder, Engines engines) throws Exception {
    try (Mirror mirror =
            Mirror.start(
                folder,
                new Mirror.Setting(
                    EmbeddedPostgres.NEWEST, ConfigFile.FORMAT_3, Bank.TABLES, "200ms", catalog));
        Bank bank = Bank.start(mirror.postgres(), Extent.SEED)) {
      sql(mirror, "ALTER SYSTEM SET wal_sender_timeout = '10s'");
      sql(mirror, "SELECT pg_reload_conf()");
      Takeover takeover =
          new Takeover(
              mirror,
              folder.resolve("reached"),
              List.of(),
              Bank.TABLES.entries(),
              List.of("bank.savings"));
      FirnProcess later = takeover.oneIsFrozen(Failpoint.COMMIT_HALF);
      try {
        assertForgotten(mirror, engines, "spendings");
        assertThat(later.terminate()).as(later.log()).isZero();
      } finally {
        later.close();
      }
      try (FirnProcess setup = mirror.command("setup")) {
        assertThat(setup.awaitExit()).as(setup.log()).isZero();
      }
      try (FirnProcess both = mirror.run(FirnProcess.Surroundings.ORDINARY)) {
        mirror.awaitCaughtUp(both);
        bank.stop();
        mirror.awaitCaughtUp(both);
        assertThat(both.terminate()).as(both.log()).isZero();
        assertThat(both.log())
            .contains("bank.spendings: 100 rows loaded")
            .doesNotContain("bank.savings: 100 rows loaded");
      }
      assertThat(mirror.differencesBy(engines)).isEmpty();
    }
  }

  /** Its rows stay, and it counts as not loaded: what came since is missing. */
  private static void assertForgotten(Mirror mirror, Engines engines, String table)
      throws Exception {
    EngineReader trino = engines.trino();
    trino.open(mirror.catalog());
    String name = trino.table(mirror.catalog(), mirror.tables().schema(), table);
    assertThat(trino.rows("SELECT count(*) FROM " + name)).containsExactly(List.of("100"));
    assertThat(
            trino.rows(
                "SELECT value FROM "
                    + trino.table(mirror.catalog(), mirror.tables().schema(), table + "$properties")
                    + " WHERE key = 'firn.frontier'"))
        .containsExactly(List.of(new Frontier.NotLoaded().toText()));
  }

  private static void sql(Mirror mirror, String sql) throws SQLException {
    try (Connection connection = mirror.postgres().connect(Mirror.DATABASE);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
