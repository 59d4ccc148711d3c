package dev.firn.e2e.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.Failpoint;
import dev.firn.e2e.daemon.ConfigFile;
import dev.firn.e2e.daemon.FirnProcess;
import dev.firn.e2e.daemon.Mirror;
import dev.firn.e2e.daemon.Shapes;
import dev.firn.e2e.reader.EngineReader;
import dev.firn.e2e.reader.Engines;
import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Spark maintains the replica while the daemon writes it. Each procedure lands where it hurts most:
 * after the daemon has looked up what to delete, and before it commits that.
 */
@ExtendWith(Engines.Shared.class)
final class OtherWritersIT {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** How often the daemon comes to the failpoint before it waits there. */
  private static final int HIT = 25;

  /** What Spark does to each table while the daemon stands there; each has a name of its own. */
  private enum Procedure {
    REWRITE_DATA_FILES("rewrite_data_files(table => '%s', options => map('rewrite-all', 'true'))"),
    REWRITE_POSITION_DELETE_FILES(
        "rewrite_position_delete_files(table => '%s', options => map('rewrite-all', 'true'))"),
    REWRITE_MANIFESTS("rewrite_manifests(table => '%s')"),
    EXPIRE_SNAPSHOTS(
        "expire_snapshots(table => '%s', older_than => TIMESTAMP '2100-01-01 00:00:00',"
            + " retain_last => 1)"),
    REWRITE_DATA_FILES_AGAIN(
        "rewrite_data_files(table => '%s', options => map('rewrite-all', 'true'))"),
    ROLLBACK("rollback_to_snapshot(table => '%s', snapshot_id => %s)");

    private final String call;

    Procedure(String call) {
      this.call = call;
    }

    void run(EngineReader spark, Mirror mirror, String table) throws Exception {
      String name = mirror.tables().schema() + "." + table;
      String catalog = spark.quote(mirror.catalog().name());
      String filled =
          this == ROLLBACK
              ? String.format(Locale.ROOT, call, name, formerSnapshot(spark, mirror, table))
              : String.format(Locale.ROOT, call, name);
      spark.rows("CALL " + catalog + ".system." + filled);
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

  static List<List<String>> formats() {
    return Extent.of(List.of(ConfigFile.FORMAT_3, ConfigFile.FORMAT_2), 1);
  }

  @ParameterizedTest
  @MethodSource("formats")
  void theReplicaStaysEqualWhateverSparkMaintains(
      List<String> readers, @TempDir Path folder, Engines engines) throws Exception {
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
          FirnProcess firn = mirror.run(waitingForEach(reached))) {
        for (Procedure procedure : Procedure.values()) {
          firn.await(LIMIT, () -> Files.exists(reached));
          for (String table : mirror.tables().names()) {
            procedure.run(engines.spark(), mirror, table);
          }
          Files.delete(reached);
        }
        traffic.stop();
        mirror.awaitCaughtUp(firn);
        assertThat(firn.terminate()).as(firn.log()).isZero();
        assertThat(firn.log()).contains("others rolled it back");
      }
      assertThat(mirror.differencesBy(engines)).isEmpty();
    }
  }

  private static FirnProcess.Surroundings waitingForEach(Path reached) {
    List<String> armed =
        IntStream.range(0, Procedure.values().length)
            .mapToObj(i -> Failpoint.SNAPSHOT_STAGED + "@" + HIT)
            .toList();
    return new FirnProcess.Surroundings(
        List.of(
            "-D" + Failpoint.ARMED + "=" + String.join(",", armed),
            "-D" + Failpoint.FILE + "=" + reached),
        Duration.ZERO);
  }
}
