package dev.firn.iceberg.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.fault.FirnException;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Simple;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.PartitionField;
import dev.firn.config.PartitionField.Transform;
import dev.firn.config.SortField;
import dev.firn.config.TableSettings;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.inmemory.InMemoryCatalog;
import org.apache.iceberg.types.Types;
import org.junit.jupiter.api.Test;

final class IcebergTablesTest {
  private static final TableSchema ORDERS =
      table(
          List.of(1, 0),
          column(1, "id", Simple.INT64, false),
          column(2, "region", Simple.TEXT, false),
          column(4, "tags", new ColumnType.Array(Simple.TEXT), true),
          column(7, "amount", new ColumnType.Decimal(12, 2), true),
          column(9, "created_at", Simple.TIMESTAMP_TZ, false));

  @Test
  void columnsKeyAndLineageAreMapped() {
    TableDescription description = IcebergTables.describe(ORDERS, settings(List.of()), 3);
    assertThat(description.schema().asStruct())
        .isEqualTo(
            Types.StructType.of(
                Types.NestedField.required(1, "id", Types.LongType.get()),
                Types.NestedField.required(2, "region", Types.StringType.get()),
                Types.NestedField.optional(
                    3, "tags", Types.ListType.ofOptional(6, Types.StringType.get())),
                Types.NestedField.optional(4, "amount", Types.DecimalType.of(12, 2)),
                Types.NestedField.required(5, "created_at", Types.TimestampType.withZone())));
    assertThat(description.schema().identifierFieldIds()).containsExactlyInAnyOrder(1, 2);
    assertThat(description.properties())
        .containsEntry("firn.columns", "1:1,2:2,4:3,7:4,9:5")
        .containsEntry("firn.key", "2,1")
        .containsEntry("format-version", "3");
  }

  @Test
  void everyTypeHasItsIcebergType() {
    TableSchema all =
        table(
            List.of(0),
            column(1, "id", Simple.INT32, false),
            column(2, "b", Simple.BOOL, true),
            column(3, "f", Simple.FLOAT32, true),
            column(4, "d", Simple.FLOAT64, true),
            column(5, "j", Simple.JSON, true),
            column(6, "x", Simple.BINARY, true),
            column(7, "u", Simple.UUID, true),
            column(8, "date", Simple.DATE, true),
            column(9, "time", Simple.TIME, true),
            column(10, "ts", Simple.TIMESTAMP, true));
    assertThat(
            IcebergTables.describe(all, settings(List.of()), 2).schema().columns().stream()
                .map(field -> field.type().toString()))
        .containsExactly(
            "int",
            "boolean",
            "float",
            "double",
            "string",
            "binary",
            "uuid",
            "date",
            "time",
            "timestamp");
  }

  @Test
  void floatingPointKeyMakesNoIdentifierFields() {
    TableSchema table = table(List.of(0), column(1, "f", Simple.FLOAT64, false));
    TableDescription description = IcebergTables.describe(table, settings(List.of()), 3);
    assertThat(description.schema().identifierFieldIds()).isEmpty();
    assertThat(description.properties()).containsEntry("firn.key", "1");
  }

  @Test
  void aTableMadeByACatalogHasTheIdsOfTheLineage() throws Exception {
    try (InMemoryCatalog catalog = new InMemoryCatalog()) {
      Table table = create(catalog, ORDERS);
      assertThat(IcebergTables.differences(table, ORDERS)).isEmpty();
      IcebergTables.requireSameShape(table, ORDERS);
    }
  }

  @Test
  void everyDifferenceIsSaid() throws Exception {
    TableSchema changed =
        table(
            List.of(0),
            column(1, "order_id", Simple.INT64, false),
            column(2, "region", Simple.TEXT, true),
            column(4, "tags", new ColumnType.Array(Simple.INT32), true),
            column(9, "created_at", Simple.TIMESTAMP_TZ, false),
            column(10, "note", Simple.TEXT, true));
    try (InMemoryCatalog catalog = new InMemoryCatalog()) {
      Table table = create(catalog, ORDERS);
      assertThat(IcebergTables.differences(table, changed))
          .hasSize(6)
          .anyMatch(text -> text.contains("id is called order_id now"))
          .anyMatch(text -> text.contains("region admits NULL"))
          .anyMatch(text -> text.contains("tags was list<string>"))
          .anyMatch(text -> text.contains("amount is gone"))
          .anyMatch(text -> text.contains("note") && text.contains("is new"))
          .anyMatch(text -> text.contains("the key is (order_id) now"));
      assertThatThrownBy(() -> IcebergTables.requireSameShape(table, changed))
          .isInstanceOfSatisfying(
              FirnException.class,
              failure -> {
                assertThat(failure.kind()).isEqualTo(FirnException.Kind.SCHEMA_CHANGED);
                assertThat(failure).hasMessageContaining("shop.orders");
              });
    }
  }

  @Test
  void aColumnDroppedAndMadeAgainUnderItsNameIsAnother() throws Exception {
    TableSchema again =
        table(
            List.of(1, 0),
            ORDERS.columns().get(0),
            ORDERS.columns().get(1),
            ORDERS.columns().get(2),
            column(11, "amount", new ColumnType.Decimal(12, 2), true),
            ORDERS.columns().get(4));
    try (InMemoryCatalog catalog = new InMemoryCatalog()) {
      assertThat(IcebergTables.differences(create(catalog, ORDERS), again))
          .containsExactlyInAnyOrder("column amount (decimal) is new", "column amount is gone");
    }
  }

  @Test
  void aTableWithoutLineageIsNotOurs() throws Exception {
    try (InMemoryCatalog catalog = new InMemoryCatalog()) {
      catalog.initialize("test", Map.of());
      catalog.createNamespace(IcebergTables.identifier(ORDERS.id()).namespace());
      Table table =
          catalog.createTable(
              IcebergTables.identifier(ORDERS.id()),
              new Schema(Types.NestedField.required(1, "id", Types.LongType.get())));
      assertThatThrownBy(() -> IcebergTables.requireSameShape(table, ORDERS))
          .isInstanceOfSatisfying(
              FirnException.class,
              failure -> assertThat(failure.kind()).isEqualTo(FirnException.Kind.REPLICA_UNFIT));
    }
  }

  @Test
  void anotherLayoutThanTheTableWasMadeWithIsRefusedUnlessOthersChangedIt() throws Exception {
    TableSettings made =
        new TableSettings(
            Optional.empty(),
            List.of(new PartitionField(Transform.DAY, "created_at", OptionalInt.empty())),
            List.of(new SortField("region", true)));
    try (InMemoryCatalog catalog = new InMemoryCatalog()) {
      catalog.initialize("test", Map.of());
      TableDescription description = IcebergTables.describe(ORDERS, made, 3);
      catalog.createNamespace(IcebergTables.identifier(ORDERS.id()).namespace());
      Table table =
          catalog
              .buildTable(IcebergTables.identifier(ORDERS.id()), description.schema())
              .withPartitionSpec(description.spec())
              .withSortOrder(description.sortOrder())
              .withProperties(description.properties())
              .create();

      assertThatThrownBy(() ->
              IcebergTables.requireSameLayout(
                  table,
                  ORDERS.id(),
                  new TableSettings(
                      Optional.empty(),
                      List.of(
                          new PartitionField(Transform.DAY, "created_at", OptionalInt.empty()),
                          new PartitionField(Transform.BUCKET, "id", OptionalInt.of(16))),
                      made.sortBy())))
          .isInstanceOfSatisfying(
              FirnException.class,
              failure -> {
                assertThat(failure.kind()).isEqualTo(FirnException.Kind.CONFIGURATION);
                assertThat(failure)
                    .hasMessageContaining("[day(created_at), bucket(16, id)]")
                    .hasMessageContaining("[day(created_at)]");
              });
      assertThatThrownBy(() ->
              IcebergTables.requireSameLayout(
                  table,
                  ORDERS.id(),
                  new TableSettings(Optional.empty(), made.partitionBy(), List.of())))
          .isInstanceOf(FirnException.class)
          .hasMessageContaining("sort-by of table shop.orders is []");

      table.updateSpec().removeField("created_at_day").commit();
      table.replaceSortOrder().asc("id").commit();
      IcebergTables.requireSameLayout(table, ORDERS.id(), made);
    }
  }

  @Test
  void partitionsAndSortOrderAreMapped() {
    TableDescription description =
        IcebergTables.describe(
            ORDERS,
            new TableSettings(
                Optional.empty(),
                List.of(
                    new PartitionField(Transform.DAY, "created_at", OptionalInt.empty()),
                    new PartitionField(Transform.BUCKET, "id", OptionalInt.of(16)),
                    new PartitionField(Transform.TRUNCATE, "region", OptionalInt.of(3))),
                List.of(new SortField("region", false), new SortField("id", true))),
            3);
    assertThat(description.spec().fields().stream().map(field -> field.transform().toString()))
        .containsExactly("day", "bucket[16]", "truncate[3]");
    assertThat(description.sortOrder().fields()).hasSize(2);
  }

  @Test
  void partitionsAndSortOrdersThatCannotBeAreRefusedByTableAndColumn() {
    refused(new PartitionField(Transform.DAY, "nowhere", OptionalInt.empty()), "nowhere");
    refused(new PartitionField(Transform.DAY, "region", OptionalInt.empty()), "region");
    refused(new PartitionField(Transform.HOUR, "id", OptionalInt.empty()), "id");
    refused(new PartitionField(Transform.IDENTITY, "tags", OptionalInt.empty()), "tags");
    refused(new PartitionField(Transform.BUCKET, "id", OptionalInt.empty()), "id");
    assertThatThrownBy(() ->
            IcebergTables.describe(
                ORDERS,
                new TableSettings(
                    Optional.empty(), List.of(), List.of(new SortField("tags", false))),
                3))
        .isInstanceOf(FirnException.class)
        .hasMessageContaining("tags");
  }

  private static void refused(PartitionField field, String column) {
    assertThatThrownBy(() -> IcebergTables.describe(ORDERS, settings(List.of(field)), 3))
        .isInstanceOfSatisfying(
            FirnException.class,
            failure -> {
              assertThat(failure.kind()).isEqualTo(FirnException.Kind.CONFIGURATION);
              assertThat(failure).hasMessageContaining("shop.orders").hasMessageContaining(column);
            });
  }

  private static Table create(InMemoryCatalog catalog, TableSchema schema) {
    catalog.initialize("test", Map.of());
    TableDescription description = IcebergTables.describe(schema, settings(List.of()), 3);
    catalog.createNamespace(IcebergTables.identifier(schema.id()).namespace());
    return catalog
        .buildTable(IcebergTables.identifier(schema.id()), description.schema())
        .withProperties(description.properties())
        .withProperty(TableProperties.FORMAT_VERSION, "3")
        .create();
  }

  private static TableSettings settings(List<PartitionField> partitionBy) {
    return new TableSettings(Optional.empty(), partitionBy, List.of());
  }

  private static Column column(int id, String name, ColumnType type, boolean nullable) {
    return new Column(
        id, name, type, nullable, type instanceof ColumnType.Decimal ? "decimal" : type.toString());
  }

  private static TableSchema table(List<Integer> key, Column... columns) {
    return new TableSchema(new TableId("shop", "orders"), 77, 78, List.of(columns), key);
  }
}
