package dev.firn.iceberg.commit;

import dev.firn.change.fault.Failpoint;
import dev.firn.iceberg.catalog.MultiTableGuarantee;
import java.util.List;
import org.apache.iceberg.exceptions.CommitFailedException;

/** One table after another, by what every catalog can. */
final class PlainPointerMove implements PointerMove {
  @Override
  public Answer move(List<StagedTable> tables) {
    for (StagedTable table : tables) {
      try {
        table.table().real().commit(table.base(), table.staged());
        Failpoint.COMMIT_HALF.reached();
      } catch (CommitFailedException e) {
        return new Answer.Conflict(String.valueOf(e.getMessage()));
      } catch (RuntimeException e) {
        return new Answer.Unknown(e);
      }
    }
    return new Answer.Moved();
  }

  @Override
  public boolean keepsUp() {
    return false;
  }

  @Override
  public MultiTableGuarantee guarantee() {
    return MultiTableGuarantee.ONE_AFTER_ANOTHER;
  }
}
