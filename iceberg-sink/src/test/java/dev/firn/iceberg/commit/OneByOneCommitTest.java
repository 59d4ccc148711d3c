package dev.firn.iceberg.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.config.CatalogConfig;
import dev.firn.iceberg.Warehouse;
import dev.firn.iceberg.catalog.MultiTableGuarantee;
import dev.firn.iceberg.control.ControlTable;
import org.junit.jupiter.api.Test;

final class OneByOneCommitTest extends HistoryContract {
  @Override
  CatalogConfig config() {
    return warehouse.oneByOne();
  }

  @Test
  void tablesMoveOneAfterAnotherAndThatIsSaid() throws Exception {
    assertThat(new Daemon("one", 3).commits.guarantee())
        .isEqualTo(MultiTableGuarantee.ONE_AFTER_ANOTHER);
  }

  @Test
  void aConflictOnTheSecondTableDoesNotCommitTheFirstTwice() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    daemon.commit(Change.insert(daemon.a, 1, 10), Change.insert(daemon.b, 1, 10, 2, 20));
    Change second = new Change(daemon.b, new long[] {2, 21}, new long[] {2}, () -> compact(B));
    Change first = Change.insert(daemon.a, 2, 20);
    daemon.commit(first, second);

    assertThat(first.lookUps).isEqualTo(1);
    assertThat(second.lookUps).isEqualTo(2);
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10", "2=20");
    assertThat(Warehouse.rows(fresh(B))).containsExactly("1=10", "2=21");
    assertThat(fresh(ControlTable.ID).properties()).containsEntry("firn.checkpoint", "2");
  }
}
