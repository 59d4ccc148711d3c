package dev.firn.iceberg.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.iceberg.Warehouse;
import dev.firn.iceberg.control.ControlTable;
import java.util.function.Consumer;
import org.apache.iceberg.ManageSnapshots;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.expressions.Expressions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What catalogs keep that hold on to a table's former snapshots. */
abstract class HistoryContract extends CommitContract {
  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void aRollbackByOthersIsUndone(int format) throws Exception {
    Daemon daemon = new Daemon("one", format);
    daemon.commit(Change.insert(daemon.a, 1, 10));
    long first = daemon.a.snapshotId().getAsLong();
    daemon.commit(Change.insert(daemon.a, 2, 20));

    fresh(A).manageSnapshots().rollbackTo(first).commit();
    daemon.commit(Change.insert(daemon.a, 3, 30));
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10", "2=20", "3=30");

    Change update =
        new Change(
            daemon.a,
            new long[] {2, 21},
            new long[] {2},
            () -> manage(A, snapshots -> snapshots.rollbackTo(first)));
    daemon.commit(update);
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10", "2=21", "3=30");

    fresh(A).manageSnapshots().rollbackTo(first).commit();
    Daemon later = new Daemon("two", format);
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10", "2=21", "3=30");
    fresh(A).manageSnapshots().rollbackTo(first).commit();
    assertFenced(() -> daemon.commit(Change.insert(daemon.a, 4, 40)));
    assertThat(Warehouse.rows(fresh(A))).as("left to who has the table").containsExactly("1=10");
    later.commit(Change.insert(later.a, 4, 40));
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10", "2=21", "3=30", "4=40");
  }

  private void manage(TableIdentifier id, Consumer<ManageSnapshots> how) {
    try {
      ManageSnapshots snapshots = fresh(id).manageSnapshots();
      how.accept(snapshots);
      snapshots.commit();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aRollbackToBeforeExpiredSnapshotsCountsAsNotLoaded() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    daemon.commit(Change.insert(daemon.a, 1, 10));
    long first = daemon.a.snapshotId().getAsLong();
    daemon.commit(Change.insert(daemon.a, 2, 20));
    long second = daemon.a.snapshotId().getAsLong();
    fresh(A).manageSnapshots().rollbackTo(first).commit();
    fresh(A).expireSnapshots().expireSnapshotId(second).commit();

    assertThatThrownBy(() -> daemon.commit(Change.insert(daemon.a, 3, 30)))
        .isInstanceOf(LostTableException.class)
        .hasMessageContaining("public.a was rolled back");
    assertThat(fresh(ControlTable.ID).properties()).containsEntry("firn.checkpoint", "2");
    Daemon later = new Daemon("two", 3);
    assertThat(fresh(A).properties()).containsEntry(Marks.FRONTIER, "none");
    later.commit(Change.insert(later.a, 3, 30));
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10", "3=30");
  }

  @Test
  void rowsThatOthersAddOrDeleteAreRefused() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    daemon.commit(Change.insert(daemon.a, 1, 10), Change.insert(daemon.b, 1, 10));
    long last = daemon.a.snapshotId().getAsLong();
    Table added = fresh(A);
    added.newAppend().appendFile(Warehouse.dataFile(added, 9, 90)).commit();
    assertUnfit(
        () -> daemon.commit(Change.insert(daemon.a, 2, 20)), "another program changed rows of");

    fresh(A).manageSnapshots().rollbackTo(last).commit();
    Daemon later = new Daemon("two", 3);
    later.commit(Change.insert(later.a, 2, 20));
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10", "2=20");

    fresh(B).newDelete().deleteFromRowFilter(Expressions.alwaysTrue()).commit();
    assertUnfit(() -> later.commit(Change.insert(later.b, 2, 20)), "operation delete");
    assertUnfit(() -> new Daemon("three", 3), "another program changed rows of");
  }

  @Test
  void anExpiryByOthersThatLeavesOnlyTheirSnapshotIsNoRollback() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    daemon.commit(Change.insert(daemon.a, 1, 10, 2, 20));
    compact(A);
    fresh(A).expireSnapshots().expireOlderThan(Long.MAX_VALUE / 2).retainLast(1).commit();
    assertThat(fresh(A).snapshots()).hasSize(1);

    daemon.commit(Change.insert(daemon.a, 3, 30));
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10", "2=20", "3=30");
  }

  @Test
  void whatOthersDoToAQuietTableIsNoticedByALook() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    daemon.commit(Change.insert(daemon.a, 1, 10), Change.insert(daemon.b, 1, 10));
    long first = daemon.a.snapshotId().getAsLong();
    daemon.commit(Change.insert(daemon.a, 2, 20));
    daemon.look();

    fresh(A).manageSnapshots().rollbackTo(first).commit();
    daemon.look();
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10", "2=20");

    // one after another, each without what the one before was made on
    for (int i = 0; i < 2; i++) {
      compact(A);
      fresh(A).expireSnapshots().expireOlderThan(Long.MAX_VALUE / 2).retainLast(1).commit();
      daemon.look();
    }
    Table foreign = fresh(B);
    foreign.newAppend().appendFile(Warehouse.dataFile(foreign, 9, 90)).commit();
    assertUnfit(daemon::look, "another program changed rows of Iceberg table public.b");
    fresh(B).manageSnapshots().rollbackTo(foreign.currentSnapshot().parentId()).commit();

    daemon.commit(new Change(daemon.a, new long[] {1, 11}, new long[] {1}, () -> {}));
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=11", "2=20");
    Daemon later = new Daemon("two", 3);
    assertFenced(daemon::look);
    later.look();
    other().catalog().dropTable(A, false);
    assertThatThrownBy(later::look)
        .isInstanceOf(LostTableException.class)
        .hasMessageContaining("public.a was dropped");
  }
}
