package dev.firn.iceberg.schema;

import java.util.Map;
import java.util.Objects;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SortOrder;

/**
 * What an Iceberg table is created with.
 *
 * @param schema the columns; their ids are those that a catalog assigns to a new table
 * @param spec the partition fields
 * @param sortOrder the order of rows within a file
 * @param properties table properties, the format version and the column lineage among them
 */
public record TableDescription(
    Schema schema, PartitionSpec spec, SortOrder sortOrder, Map<String, String> properties) {
  public TableDescription {
    Objects.requireNonNull(schema, "schema");
    Objects.requireNonNull(spec, "spec");
    Objects.requireNonNull(sortOrder, "sortOrder");
    properties = Map.copyOf(properties);
  }
}
