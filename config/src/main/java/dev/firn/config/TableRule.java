package dev.firn.config;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * One entry under {@code tables}. What an entry leaves out, an earlier matching one decides.
 *
 * @param match which tables it speaks of
 * @param key the columns that identify a row, where not the primary key
 * @param partitionBy the partition fields
 * @param sortBy the columns by which rows are sorted within a file
 */
public record TableRule(
    TablePattern match,
    Optional<List<String>> key,
    Optional<List<PartitionField>> partitionBy,
    Optional<List<SortField>> sortBy) {
  public TableRule {
    Objects.requireNonNull(match, "match");
    key = key.map(List::copyOf);
    partitionBy = partitionBy.map(List::copyOf);
    sortBy = sortBy.map(List::copyOf);
  }

  TableSettings refine(TableSettings earlier) {
    return new TableSettings(
        key.isPresent() ? key : earlier.key(),
        partitionBy.orElse(earlier.partitionBy()),
        sortBy.orElse(earlier.sortBy()));
  }
}
