package dev.firn.iceberg.schema;

import dev.firn.change.fault.FirnException;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.PartitionField;
import dev.firn.config.SortField;
import dev.firn.config.TableSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.iceberg.NullOrder;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.RowLevelOperationMode;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SortDirection;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.deletes.DeleteGranularity;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.types.TypeUtil;
import org.apache.iceberg.types.Types;

/** How source tables are laid out in Iceberg, and whether an Iceberg table still is so. */
public final class IcebergTables {
  /** The table property with the source ids of the key's columns, in the key's order. */
  public static final String KEY_PROPERTY = "firn.key";

  /** The table property with {@link #sourceId} of the table that was loaded. */
  public static final String SOURCE_ID_PROPERTY = "firn.source-id";

  /** The table property with the setting partition-by that the table was made with. */
  public static final String PARTITION_BY_PROPERTY = "firn.partition-by";

  /** The table property with the setting sort-by that the table was made with. */
  public static final String SORT_BY_PROPERTY = "firn.sort-by";

  private static final String PREVIOUS_METADATA_FILES = "100";

  /** A checkpoint that replaces delete files opens every small manifest of the table. */
  private static final String MANIFESTS_TO_MERGE = "20";

  private static final String TARGET_FILE_BYTES = Long.toString(256L << 20);
  private static final String DELETE_FILE_BYTES = Long.toString(64L << 20);

  /**
   * Row groups are held in memory while they are written, one for each open file, and the narrower
   * they are, the less is read to find a few rows again.
   */
  public static final long ROW_GROUP_BYTES = 64L << 20;

  private IcebergTables() {}

  /** Where a source table is mirrored to: namespace and table are called as at the source. */
  public static TableIdentifier identifier(TableId table) {
    return TableIdentifier.of(Namespace.of(table.schema()), table.name());
  }

  /** Which source table an Iceberg table mirrors: the other way round. */
  public static TableId source(TableIdentifier table) {
    return new TableId(table.namespace().level(0), table.name());
  }

  /**
   * Which source table it is, and which of its times among those whose changes are sent: where this
   * is another than the loaded one's, changes are missing.
   */
  public static String sourceId(TableSchema table) {
    return table.sourceId() + "/" + table.membership();
  }

  /**
   * What a source table's mirror is created with.
   *
   * @param formatVersion Iceberg's format version, 2 or 3
   * @throws FirnException of kind CONFIGURATION where the settings name a column that is not there,
   *     or a transform that its type has not
   */
  public static TableDescription describe(
      TableSchema table, TableSettings settings, int formatVersion) {
    Schema schema = schema(table);
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put(TableProperties.FORMAT_VERSION, Integer.toString(formatVersion));
    properties.put(TableProperties.DEFAULT_FILE_FORMAT, "parquet");
    properties.put(TableProperties.PARQUET_COMPRESSION, "zstd");
    properties.put(TableProperties.PARQUET_COMPRESSION_LEVEL, "1");
    properties.put(TableProperties.PARQUET_ROW_GROUP_SIZE_BYTES, Long.toString(ROW_GROUP_BYTES));
    properties.put(TableProperties.WRITE_TARGET_FILE_SIZE_BYTES, TARGET_FILE_BYTES);
    properties.put(TableProperties.DELETE_TARGET_FILE_SIZE_BYTES, DELETE_FILE_BYTES);
    properties.put(TableProperties.METADATA_DELETE_AFTER_COMMIT_ENABLED, "true");
    properties.put(TableProperties.METADATA_PREVIOUS_VERSIONS_MAX, PREVIOUS_METADATA_FILES);
    properties.put(TableProperties.MANIFEST_MIN_MERGE_COUNT, MANIFESTS_TO_MERGE);
    String mergeOnRead = RowLevelOperationMode.MERGE_ON_READ.modeName();
    properties.put(TableProperties.DELETE_MODE, mergeOnRead);
    properties.put(TableProperties.UPDATE_MODE, mergeOnRead);
    properties.put(TableProperties.MERGE_MODE, mergeOnRead);
    properties.put(TableProperties.DELETE_GRANULARITY, DeleteGranularity.FILE.toString());
    properties.put(ColumnLineage.PROPERTY, lineage(table, schema).toText());
    properties.put(KEY_PROPERTY, keyText(table));
    properties.put(SOURCE_ID_PROPERTY, sourceId(table));
    properties.put(PARTITION_BY_PROPERTY, partitionText(settings));
    properties.put(SORT_BY_PROPERTY, sortText(settings));
    return new TableDescription(
        schema,
        spec(table, settings.partitionBy(), schema),
        sortOrder(table, settings.sortBy(), schema),
        properties);
  }

  /**
   * The lineage that a table of ours carries.
   *
   * @throws FirnException of kind REPLICA_UNFIT where it carries none, or none that can be read
   */
  public static ColumnLineage lineage(Table iceberg, TableId table) {
    String text = iceberg.properties().get(ColumnLineage.PROPERTY);
    if (text == null) {
      throw new FirnException(
          FirnException.Kind.REPLICA_UNFIT,
          "Iceberg table "
              + iceberg.name()
              + " has no property "
              + ColumnLineage.PROPERTY
              + ", so it was not made by Firn for "
              + table,
          "drop or rename the Iceberg table, so that Firn can create its own");
    }
    try {
      return ColumnLineage.parse(text);
    } catch (IllegalArgumentException e) {
      throw new FirnException(
          FirnException.Kind.REPLICA_UNFIT,
          "Iceberg table "
              + iceberg.name()
              + " has "
              + ColumnLineage.PROPERTY
              + "="
              + text
              + ", which cannot be read",
          "restore the property, or drop the Iceberg table so that " + table + " is loaded again",
          e);
    }
  }

  /**
   * In what the source table's shape differs from the one that its mirror was made for, a sentence
   * for each difference; empty where nothing does.
   *
   * @throws FirnException of kind REPLICA_UNFIT where the Iceberg table is none of ours
   */
  public static List<String> differences(Table iceberg, TableSchema table) {
    ColumnLineage lineage = lineage(iceberg, table.id());
    List<String> differences = new ArrayList<>();
    Map<Integer, Integer> gone = new TreeMap<>(lineage.fieldIds());
    for (Column column : table.columns()) {
      gone.remove(column.id());
      Integer fieldId = lineage.fieldId(column.id());
      Types.NestedField field = fieldId == null ? null : iceberg.schema().findField(fieldId);
      if (field == null) {
        differences.add("column " + column.name() + " (" + column.sourceType() + ") is new");
        continue;
      }
      if (!field.name().equals(column.name())) {
        differences.add("column " + field.name() + " is called " + column.name() + " now");
      }
      if (!ColumnTypes.matches(field.type(), column.type())) {
        differences.add(
            "column " + column.name() + " was " + field.type() + " and is " + column.sourceType());
      }
      if (field.isOptional() != column.nullable()) {
        differences.add(
            "column "
                + column.name()
                + (column.nullable() ? " admits" : " no longer admits")
                + " NULL");
      }
    }
    gone.forEach((columnId, fieldId) -> {
      Types.NestedField field = iceberg.schema().findField(fieldId);
      differences.add(
          "column " + (field == null ? "with id " + columnId : field.name()) + " is gone");
    });
    String key = iceberg.properties().getOrDefault(KEY_PROPERTY, "");
    if (!key.equals(keyText(table))) {
      differences.add(
          "the key is ("
              + table.keyColumns().stream().map(Column::name).collect(Collectors.joining(", "))
              + ") now");
    }
    return List.copyOf(differences);
  }

  /**
   * Refuses a source table whose shape is not the one that its mirror was made for.
   *
   * @throws FirnException of kind SCHEMA_CHANGED naming every difference, or REPLICA_UNFIT where
   *     the Iceberg table is none of ours
   */
  public static void requireSameShape(Table iceberg, TableSchema table) {
    List<String> differences = differences(iceberg, table);
    if (!differences.isEmpty()) {
      throw new FirnException(
          FirnException.Kind.SCHEMA_CHANGED,
          "the shape of table " + table.id() + " changed: " + String.join("; ", differences),
          "undo the change, or drop the Iceberg table "
              + iceberg.name()
              + " so that the table is loaded again");
    }
  }

  /**
   * Refuses settings that ask for another layout than the one that the mirror was made with. What
   * other engines changed since in its partitions or order is theirs and stays.
   *
   * @throws FirnException of kind CONFIGURATION naming both
   */
  public static void requireSameLayout(Table iceberg, TableId table, TableSettings settings) {
    requireSame(iceberg, table, "partition-by", PARTITION_BY_PROPERTY, partitionText(settings));
    requireSame(iceberg, table, "sort-by", SORT_BY_PROPERTY, sortText(settings));
  }

  private static void requireSame(
      Table iceberg, TableId table, String setting, String property, String asked) {
    String made = iceberg.properties().get(property);
    if (made != null && !made.equals(asked)) {
      throw new FirnException(
          FirnException.Kind.CONFIGURATION,
          setting
              + " of table "
              + table
              + " is ["
              + asked
              + "], and its Iceberg table was made with ["
              + made
              + "]",
          "set it to ["
              + made
              + "] again, or drop the Iceberg table "
              + iceberg.name()
              + " so that it is made anew and loaded again");
    }
  }

  private static String partitionText(TableSettings settings) {
    return settings.partitionBy().stream()
        .map(PartitionField::toText)
        .collect(Collectors.joining(", "));
  }

  private static String sortText(TableSettings settings) {
    return settings.sortBy().stream()
        .map(field -> field.descending() ? field.column() + " desc" : field.column())
        .collect(Collectors.joining(", "));
  }

  private static Schema schema(TableSchema table) {
    AtomicInteger next = new AtomicInteger(table.columns().size());
    List<Types.NestedField> fields = new ArrayList<>();
    for (int i = 0; i < table.columns().size(); i++) {
      Column column = table.columns().get(i);
      fields.add(
          Types.NestedField.builder()
              .withId(i + 1)
              .withName(column.name())
              .isOptional(column.nullable())
              .ofType(ColumnTypes.toIceberg(column.type(), next::incrementAndGet))
              .build());
    }
    // Iceberg admits neither lists nor floats as identifiers
    boolean identifiable =
        table.keyColumns().stream()
            .allMatch(column ->
                !(column.type() instanceof ColumnType.Array)
                    && column.type() != ColumnType.Simple.FLOAT32
                    && column.type() != ColumnType.Simple.FLOAT64);
    Set<Integer> identifiers =
        identifiable
            ? table.key().stream().map(index -> index + 1).collect(Collectors.toSet())
            : Set.of();
    // Catalogs number a new table's fields in their own order; numbered so beforehand, they keep
    // the ids that the lineage names
    return TypeUtil.assignFreshIds(new Schema(fields, identifiers), counter());
  }

  private static TypeUtil.NextID counter() {
    AtomicInteger next = new AtomicInteger();
    return next::incrementAndGet;
  }

  private static ColumnLineage lineage(TableSchema table, Schema schema) {
    Map<Integer, Integer> ids = new HashMap<>();
    for (int i = 0; i < table.columns().size(); i++) {
      ids.put(table.columns().get(i).id(), schema.columns().get(i).fieldId());
    }
    return new ColumnLineage(ids);
  }

  private static String keyText(TableSchema table) {
    return table.keyColumns().stream()
        .map(column -> Integer.toString(column.id()))
        .collect(Collectors.joining(","));
  }

  private static PartitionSpec spec(
      TableSchema table, List<PartitionField> partitionBy, Schema schema) {
    PartitionSpec.Builder spec = PartitionSpec.builderFor(schema);
    for (PartitionField field : partitionBy) {
      Column column = column(table, field.column(), "partition-by");
      try {
        add(PartitionSpec.builderFor(schema), field).build();
      } catch (IllegalArgumentException | ValidationException e) {
        throw new FirnException(
            FirnException.Kind.CONFIGURATION,
            "partition-by of table "
                + table.id()
                + ": "
                + field.toText()
                + " cannot be made of column "
                + column.name()
                + " ("
                + column.sourceType()
                + ")",
            "choose another transform or column",
            e);
      }
      try {
        add(spec, field);
      } catch (IllegalArgumentException | ValidationException e) {
        throw new FirnException(
            FirnException.Kind.CONFIGURATION,
            "partition-by of table "
                + table.id()
                + ": "
                + field.toText()
                + " does not go with the fields before it: "
                + e.getMessage(),
            "leave one of them out",
            e);
      }
    }
    return spec.build();
  }

  private static PartitionSpec.Builder add(PartitionSpec.Builder spec, PartitionField field) {
    String column = field.column();
    return switch (field.transform()) {
      case IDENTITY -> spec.identity(column);
      case BUCKET -> spec.bucket(column, parameter(field));
      case TRUNCATE -> spec.truncate(column, parameter(field));
      case YEAR -> spec.year(column);
      case MONTH -> spec.month(column);
      case DAY -> spec.day(column);
      case HOUR -> spec.hour(column);
    };
  }

  private static int parameter(PartitionField field) {
    return field
        .parameter()
        .orElseThrow(() -> new IllegalArgumentException(field.toText() + " lacks its number"));
  }

  private static SortOrder sortOrder(TableSchema table, List<SortField> sortBy, Schema schema) {
    SortOrder.Builder order = SortOrder.builderFor(schema);
    for (SortField field : sortBy) {
      Column column = column(table, field.column(), "sort-by");
      if (column.type() instanceof ColumnType.Array) {
        throw new FirnException(
            FirnException.Kind.CONFIGURATION,
            "sort-by of table "
                + table.id()
                + ": column "
                + column.name()
                + " ("
                + column.sourceType()
                + ") has no order",
            "choose another column");
      }
      order.sortBy(
          field.column(),
          field.descending() ? SortDirection.DESC : SortDirection.ASC,
          field.descending() ? NullOrder.NULLS_LAST : NullOrder.NULLS_FIRST);
    }
    return order.build();
  }

  private static Column column(TableSchema table, String name, String setting) {
    return table
        .columns()
        .get(
            table
                .indexOf(name)
                .orElseThrow(() ->
                    new FirnException(
                        FirnException.Kind.CONFIGURATION,
                        setting
                            + " of table "
                            + table.id()
                            + " names column "
                            + name
                            + ", which the table does not have",
                        "it has: "
                            + table.columns().stream()
                                .map(Column::name)
                                .collect(Collectors.joining(", ")))));
  }
}
