package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Failpoint;
import dev.firn.e2e.daemon.FirnProcess;
import dev.firn.e2e.daemon.Mirror;
import dev.firn.e2e.daemon.Shapes;
import dev.firn.e2e.reader.EngineReader;
import dev.firn.e2e.reader.Engines;
import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Spark maintains the replica while the daemon writes it. Each procedure lands where it hurts most:
 * after the daemon has looked up what to delete, and before it commits that.
 */
final class Maintenance {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** How often the daemon comes to the failpoint before it waits there. */
  private static final int HIT = 25;

  /** What Spark does to each table while the daemon stands there; each has a name of its own. */
  enum Procedure {
    REWRITE_DATA_FILES("rewrite_data_files(table => '%s', options => map('rewrite-all', 'true'))"),
    REWRITE_POSITION_DELETE_FILES(
        "rewrite_position_delete_files(table => '%s', options => map('rewrite-all', 'true'))"),
    REWRITE_MANIFESTS("rewrite_manifests(table => '%s')"),
    EXPIRE_SNAPSHOTS(
        "expire_snapshots(table => '%s', older_than => TIMESTAMP '2100-01-01 00:00:00',"
            + " retain_last => 1)"),
    REWRITE_DATA_FILES_AGAIN(
        "rewrite_data_files(table => '%s', options => map('rewrite-all', 'true'))"),
    ROLLBACK("rollback_to_snapshot(table => '%s', snapshot_id => %s)"),
    /** So that Firn's own last snapshot is gone. */
    ROLLBACK_FOR_GOOD(
        "rollback_to_snapshot(table => '%s', snapshot_id => %s)",
        "expire_snapshots(table => '%s', older_than => TIMESTAMP '2100-01-01 00:00:00',"
            + " retain_last => 1)");

    private final List<String> calls;

    Procedure(String... calls) {
      this.calls = List.of(calls);
    }

    void run(EngineReader spark, Mirror mirror, String table) throws Exception {
      String name = mirror.tables().schema() + "." + table;
      String catalog = spark.quote(mirror.catalog().name());
      String former =
          this == ROLLBACK || this == ROLLBACK_FOR_GOOD ? formerSnapshot(spark, mirror, table) : "";
      for (String call : calls) {
        spark.rows("CALL " + catalog + ".system." + String.format(Locale.ROOT, call, name, former));
      }
    }

    private static @Nullable String formerSnapshot(EngineReader spark, Mirror mirror, String table)
        throws Exception {
      return spark
          .rows(
              "SELECT parent_id FROM "
                  + spark.table(mirror.catalog(), mirror.tables().schema(), table)
                  + ".history WHERE parent_id IS NOT NULL ORDER BY made_current_at DESC LIMIT 1")
          .getFirst()
          .getFirst();
    }
  }

  private Maintenance() {}

  /**
   * Runs one daemon through all of these, and compares.
   *
   * @param options of the daemon's JVM
   * @return in what tables differ from the source, as engines read them
   * @throws Exception also where the daemon ended by itself
   */
  static List<String> differences(
      Path folder,
      Engines engines,
      List<String> readers,
      List<Procedure> procedures,
      List<String> options)
      throws Exception {
    try (Mirror mirror =
        Mirror.start(
            folder,
            new Mirror.Setting(
                EmbeddedPostgres.NEWEST,
                readers,
                Shapes.TABLES,
                "200ms",
                Mirror.CatalogKind.POSTGRES))) {
      engines.spark().open(mirror.catalog());
      Path reached = folder.resolve("reached");
      try (Shapes traffic =
              Shapes.start(mirror.postgres(), Extent.CLIENTS, Extent.SEED, Extent.PAUSE);
          FirnProcess firn = mirror.run(waiting(reached, procedures.size(), options))) {
        for (Procedure procedure : procedures) {
          firn.await(LIMIT, () -> Files.exists(reached));
          for (String table : mirror.tables().names()) {
            procedure.run(engines.spark(), mirror, table);
          }
          Files.delete(reached);
        }
        traffic.stop();
        mirror.awaitCaughtUp(firn);
        assertThat(firn.terminate()).as(firn.log()).isZero();
        if (procedures.contains(Procedure.ROLLBACK)) {
          assertThat(firn.log()).contains("others rolled it back");
        }
        if (procedures.contains(Procedure.ROLLBACK_FOR_GOOD)) {
          assertThat(firn.log()).contains("is loaded again");
        }
      }
      return mirror.differencesBy(engines);
    }
  }

  private static FirnProcess.Surroundings waiting(Path reached, int times, List<String> options) {
    List<String> all = new ArrayList<>(options);
    List<String> armed =
        IntStream.range(0, times).mapToObj(i -> Failpoint.SNAPSHOT_STAGED + "@" + HIT).toList();
    all.addAll(Armed.at(String.join(",", armed), reached));
    return new FirnProcess.Surroundings(all, Duration.ZERO);
  }
}
