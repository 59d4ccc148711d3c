package dev.firn.e2e.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.e2e.reader.EngineReader;
import dev.firn.e2e.reader.Engines;
import dev.firn.e2e.reader.ReplicaCatalog;
import dev.firn.e2e.reader.ReplicaComparison;
import dev.firn.testing.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Tables that the replica missed changes of are loaded again, whatever kept them out. */
@ExtendWith(Engines.Shared.class)
final class LeavingAndReturningIT {
  private static final Duration LIMIT = Duration.ofMinutes(3);

  @Test
  void aTableLeftOutForAWhileAndOneMadeAnewAreEqualAgain(@TempDir Path folder, Engines engines)
      throws Exception {
    Path replica = folder.resolve("replica");
    int port = Source.freePort();
    try (Source source = Source.start(folder, EmbeddedPostgres.NEWEST);
        Connection connection = source.connect()) {
      Source.execute(connection, "CREATE TABLE stays (id bigint PRIMARY KEY, v text)");
      Source.execute(connection, "CREATE TABLE leaves (id bigint PRIMARY KEY, v text)");
      for (String table : List.of("stays", "leaves")) {
        Source.execute(
            connection, "INSERT INTO " + table + " SELECT g, 'v' FROM generate_series(1, 9) g");
      }
      EngineReader trino = engines.trino();
      ReplicaCatalog catalog = source.catalog(replica);
      trino.open(catalog);

      Path both = source.config(replica, port, "public.stays", "public.leaves");
      mirrorUntilEqual(both, port, connection, trino, catalog, "stays", "leaves");

      Path one = source.config(replica, port, "public.stays");
      Source.execute(connection, "UPDATE leaves SET v = 'missed' WHERE id < 4");
      Source.execute(connection, "DELETE FROM leaves WHERE id > 7");
      Source.execute(connection, "UPDATE stays SET v = 'seen'");
      mirrorUntilEqual(one, port, connection, trino, catalog, "stays");

      // of the same name and shape
      Source.execute(connection, "DROP TABLE stays");
      Source.execute(connection, "CREATE TABLE stays (id bigint PRIMARY KEY, v text)");
      Source.execute(connection, "INSERT INTO stays VALUES (100, 'another')");
      both = source.config(replica, port, "public.stays", "public.leaves");
      mirrorUntilEqual(both, port, connection, trino, catalog, "stays", "leaves");

      // by hand, and while nobody looks
      Source.execute(connection, "ALTER PUBLICATION firn DROP TABLE leaves");
      Source.execute(connection, "UPDATE leaves SET v = 'missed again' WHERE id < 3");
      Source.execute(connection, "ALTER PUBLICATION firn ADD TABLE leaves");
      mirrorUntilEqual(both, port, connection, trino, catalog, "stays", "leaves");

      // and while it runs
      Path logs = both.resolveSibling("logs");
      try (FirnProcess firn = FirnProcess.start(logs, "run", "-c", both.toString())) {
        firn.awaitReady(port, LIMIT);
        Source.execute(connection, "ALTER PUBLICATION firn DROP TABLE leaves");
        Source.execute(connection, "UPDATE leaves SET v = 'missed once more'");
        Source.execute(connection, "ALTER PUBLICATION firn ADD TABLE leaves");
        awaitEqual(firn, connection, trino, catalog, "stays", "leaves");
        assertThat(firn.terminate()).as(firn.log()).isZero();
      }
    }
  }

  private static void mirrorUntilEqual(
      Path config,
      int port,
      Connection source,
      EngineReader engine,
      ReplicaCatalog catalog,
      String... tables)
      throws Exception {
    Path logs = config.resolveSibling("logs");
    assertThat(FirnProcess.run(logs, "setup", "-c", config.toString())).isZero();
    try (FirnProcess firn = FirnProcess.start(logs, "run", "-c", config.toString())) {
      firn.awaitReady(port, LIMIT);
      awaitEqual(firn, source, engine, catalog, tables);
      assertThat(firn.terminate()).as(firn.log()).isZero();
    }
  }

  private static void awaitEqual(
      FirnProcess firn,
      Connection source,
      EngineReader engine,
      ReplicaCatalog catalog,
      String... tables)
      throws Exception {
    for (String table : tables) {
      firn.await(
          LIMIT,
          () ->
              ReplicaComparison.compare(source, "public", table, engine, catalog)
                  .differences()
                  .isEmpty());
    }
  }
}
