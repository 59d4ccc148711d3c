package dev.firn.iceberg.commit;

import java.util.Map;
import org.apache.iceberg.Table;

/** One table's share of a commit, as the one who wants it committed describes it. */
public interface TableCommitPart {
  /** The table. */
  KnownTable table();

  /** What the snapshot and the table will carry. Asked before each attempt. */
  Marks marks();

  /** Further entries of the snapshot's summary. */
  default Map<String, String> summary() {
    return Map.of();
  }

  /** Further table properties. */
  default Map<String, String> properties() {
    return Map.of();
  }

  /**
   * What is to be done to the table as it is now. Asked before each attempt: where the table has
   * another current snapshot than before, positions of deletes have to be looked up anew.
   */
  TableChange changeOn(Table current) throws InterruptedException;

  /**
   * The change is in the table.
   *
   * @param committed the table with the commit as its current snapshot
   */
  void committed(Table committed);
}
