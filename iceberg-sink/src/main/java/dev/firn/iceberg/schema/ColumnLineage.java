package dev.firn.iceberg.schema;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * Which source column each Iceberg field holds: column id at the source → field id. Kept as the
 * table property {@value #PROPERTY}, in the form {@code 1:1,2:2,5:3}, so that columns are known by
 * identity and not by name.
 *
 * @param fieldIds field id by source column id
 */
public record ColumnLineage(Map<Integer, Integer> fieldIds) {
  /** The table property. */
  public static final String PROPERTY = "firn.columns";

  public ColumnLineage {
    fieldIds = Map.copyOf(fieldIds);
    if (fieldIds.values().stream().distinct().count() != fieldIds.size()) {
      throw new IllegalArgumentException("two source columns share an Iceberg field: " + fieldIds);
    }
  }

  /** The field id of a source column, or null where the table has no field for it. */
  public @Nullable Integer fieldId(int columnId) {
    return fieldIds.get(columnId);
  }

  /** The property's value. */
  public String toText() {
    StringJoiner text = new StringJoiner(",");
    fieldIds.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(entry -> text.add(entry.getKey() + ":" + entry.getValue()));
    return text.toString();
  }

  /**
   * Reads the property's value.
   *
   * @throws IllegalArgumentException where the text is none
   */
  public static ColumnLineage parse(String text) {
    Map<Integer, Integer> ids = new LinkedHashMap<>();
    for (String pair : text.split(",", -1)) {
      int colon = pair.indexOf(':');
      if (colon < 1
          || ids.put(
                  Integer.valueOf(pair.substring(0, colon)),
                  Integer.valueOf(pair.substring(colon + 1)))
              != null) {
        throw new IllegalArgumentException("not a column lineage: " + text);
      }
    }
    return new ColumnLineage(ids);
  }
}
