package dev.firn.iceberg.schema;

import dev.firn.change.table.TableSchema;
import dev.firn.config.TableSettings;
import java.util.List;
import org.apache.iceberg.types.Types;

/**
 * What a source table would become, in words.
 *
 * @param identifier the Iceberg table's name in the catalog
 * @param types the Iceberg type of each column, in the source's order
 */
public record PlannedTable(String identifier, List<String> types) {
  public PlannedTable {
    types = List.copyOf(types);
  }

  /**
   * Plans a table. Nothing is written.
   *
   * @throws dev.firn.change.fault.FirnException CONFIGURATION where the settings do not fit it
   */
  public static PlannedTable of(TableSchema table, TableSettings settings, int formatVersion) {
    TableDescription description = IcebergTables.describe(table, settings, formatVersion);
    return new PlannedTable(
        IcebergTables.identifier(table.id()).toString(),
        description.schema().columns().stream()
            .map(Types.NestedField::type)
            .map(Object::toString)
            .toList());
  }
}
