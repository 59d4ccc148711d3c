package dev.firn.config;

import java.util.List;
import java.util.Optional;

/**
 * What the rules together say of one table.
 *
 * @param key the columns that identify a row; empty means the primary key
 * @param partitionBy the partition fields, outermost first; none means unpartitioned
 * @param sortBy the columns by which rows are sorted within a file; none means unsorted
 */
public record TableSettings(
    Optional<List<String>> key, List<PartitionField> partitionBy, List<SortField> sortBy) {
  static final TableSettings NONE = new TableSettings(Optional.empty(), List.of(), List.of());

  public TableSettings {
    key = key.map(List::copyOf);
    partitionBy = List.copyOf(partitionBy);
    sortBy = List.copyOf(sortBy);
  }
}
