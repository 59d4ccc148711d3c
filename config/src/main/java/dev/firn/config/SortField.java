package dev.firn.config;

import java.util.Objects;

/**
 * A column by which rows are sorted within a file; NULLs come first when ascending, last when
 * descending.
 */
public record SortField(String column, boolean descending) {
  public SortField {
    Objects.requireNonNull(column, "column");
  }
}
