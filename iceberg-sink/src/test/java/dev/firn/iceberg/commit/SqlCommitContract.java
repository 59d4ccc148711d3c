package dev.firn.iceberg.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.iceberg.FaultyDriver;
import dev.firn.iceberg.FaultyDriver.Fault;
import dev.firn.iceberg.Warehouse;
import dev.firn.iceberg.catalog.MultiTableGuarantee;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadataParser;
import org.apache.iceberg.io.FileIO;
import org.junit.jupiter.api.Test;

/** What JDBC catalogs keep besides. */
abstract class SqlCommitContract extends HistoryContract {
  /** The name of the faults of this catalog's connections. */
  abstract String faults();

  /** The catalog's database, without faults. */
  abstract String pointersUrl();

  @Test
  void aLostAnswerIsReadBackAndNothingIsCommittedTwice() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    daemon.commit(Change.insert(daemon.a, 1, 10), Change.insert(daemon.b, 1, 10));
    FaultyDriver.plan(faults(), Fault.ANSWER_LOST);
    daemon.commit(
        new Change(daemon.a, new long[] {1, 11}, new long[] {1}, () -> {}),
        Change.insert(daemon.b, 2, 20));
    assertThat(FaultyDriver.spent(faults())).isTrue();
    daemon.commit(Change.insert(daemon.a, 3, 30));

    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=11", "3=30");
    assertThat(Warehouse.rows(fresh(B))).containsExactly("1=10", "2=20");
    assertThat(checkpointsOf(fresh(B))).containsExactly("0", "1", "2");
    assertNothingLeftBehind();
  }

  @Test
  void aConnectionLostBeforeTheCommitIsReadBackAndTheCommitMadeAnew() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    daemon.commit(Change.insert(daemon.a, 1, 10), Change.insert(daemon.b, 1, 10));
    FaultyDriver.plan(faults(), Fault.LOST_BEFORE);
    FaultyDriver.plan(faults(), Fault.LOST_BEFORE);
    FaultyDriver.plan(faults(), Fault.ANSWER_LOST);
    daemon.commit(
        new Change(daemon.a, new long[] {1, 11}, new long[] {1}, () -> {}),
        Change.insert(daemon.b, 2, 20));
    assertThat(FaultyDriver.spent(faults())).isTrue();

    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=11");
    assertThat(Warehouse.rows(fresh(B))).containsExactly("1=10", "2=20");
    assertThat(checkpointsOf(fresh(A))).containsExactly("0", "1", "2");
    assertNothingLeftBehind();
  }

  private static List<String> checkpointsOf(Table table) {
    List<String> checkpoints = new java.util.ArrayList<>();
    table
        .snapshots()
        .forEach(snapshot -> checkpoints.add(snapshot.summary().get(Marks.CHECKPOINT)));
    return checkpoints;
  }

  @Test
  void noInstantShowsHalfACheckpoint() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    assertThat(daemon.commits.guarantee()).isEqualTo(MultiTableGuarantee.AT_ONCE);
    daemon.commit(Change.insert(daemon.a, 0, 0), Change.insert(daemon.b, 0, 0));
    FileIO io = fresh(A).io();
    AtomicBoolean stop = new AtomicBoolean();
    ConcurrentSkipListSet<Long> seen = new ConcurrentSkipListSet<>();
    CompletableFuture<Void> reader =
        CompletableFuture.runAsync(() -> {
          try (Connection connection = DriverManager.getConnection(pointersUrl());
              Statement statement = connection.createStatement()) {
            while (!stop.get()) {
              try (ResultSet pair =
                  statement.executeQuery(
                      "SELECT x.metadata_location, y.metadata_location FROM iceberg_tables x,"
                          + " iceberg_tables y WHERE x.table_name = 'a' AND y.table_name ="
                          + " 'b'")) {
                pair.next();
                long a = checkpoint(io, pair.getString(1));
                assertThat(checkpoint(io, pair.getString(2))).isEqualTo(a);
                seen.add(a);
              }
            }
          } catch (java.sql.SQLException e) {
            throw new IllegalStateException(e);
          }
        });
    for (int i = 1; i <= 15; i++) {
      daemon.commit(Change.insert(daemon.a, i, i), Change.insert(daemon.b, i, i));
    }
    stop.set(true);
    reader.join();
    assertThat(seen).hasSizeGreaterThan(1);
  }

  private static long checkpoint(FileIO io, String location) {
    return Long.parseLong(
        TableMetadataParser.read(io, location).properties().get(Marks.CHECKPOINT));
  }
}
