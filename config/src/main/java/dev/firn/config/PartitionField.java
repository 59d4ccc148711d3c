package dev.firn.config;

import java.util.Locale;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * A partition field: a column, or a transform of one, as in {@code day(created_at)} or {@code
 * bucket(16, id)}.
 *
 * @param transform what is done to the column's value
 * @param column the column's name at the source
 * @param parameter the number of buckets, or the width of TRUNCATE; empty for the others
 */
public record PartitionField(Transform transform, String column, OptionalInt parameter) {
  /** Iceberg's partition transforms. */
  public enum Transform {
    IDENTITY,
    BUCKET,
    TRUNCATE,
    YEAR,
    MONTH,
    DAY,
    HOUR
  }

  public PartitionField {
    Objects.requireNonNull(transform, "transform");
    Objects.requireNonNull(column, "column");
    Objects.requireNonNull(parameter, "parameter");
  }

  /** As the config file has it: {@code day(created_at)}; of IDENTITY the column alone. */
  public String toText() {
    String arguments = parameter.isPresent() ? parameter.getAsInt() + ", " + column : column;
    return transform == Transform.IDENTITY
        ? column
        : transform.name().toLowerCase(Locale.ROOT) + "(" + arguments + ")";
  }
}
