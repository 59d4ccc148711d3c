package dev.firn.iceberg;

import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.CatalogConfig;
import dev.firn.config.ReplicateConfig;
import dev.firn.config.TableSettings;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import dev.firn.iceberg.commit.KnownTable;
import dev.firn.iceberg.control.ControlTable;
import dev.firn.iceberg.schema.IcebergTables;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What a start would find in the replica: from where it would go on, and which tables it would
 * refuse, by the checks of the start itself. Reading it changes nothing.
 *
 * @param standing where the replica stands; empty where it has no position yet
 * @param refused why a start would end at a table
 */
public record StartingPoint(Optional<Standing> standing, Map<TableId, FirnException> refused) {

  /**
   * Where a replica stands.
   *
   * @param recorded its position
   * @param furthestShown as {@link IcebergReplica#furthestShown}
   * @param sourceIdentity as {@link IcebergReplica#sourceIdentity}
   */
  public record Standing(
      Position recorded, Position furthestShown, Optional<String> sourceIdentity) {}

  public StartingPoint {
    refused = Map.copyOf(refused);
  }

  /**
   * Opens the catalog, reads it there, and closes the catalog.
   *
   * @param wanted the source tables to be mirrored
   * @throws FirnException where the catalog or the bucket fails
   */
  public static StartingPoint read(
      CatalogConfig config, ReplicateConfig replicate, Map<TableSchema, TableSettings> wanted) {
    Map<TableId, FirnException> refused = new TreeMap<>();
    Optional<ReplicaCatalog> existing = ReplicaCatalog.openExisting(config);
    if (existing.isEmpty()) {
      wanted.forEach((schema, settings) ->
          check(schema.id(), refused, () -> plan(schema, settings, replicate)));
      return new StartingPoint(Optional.empty(), refused);
    }
    try (ReplicaCatalog catalog = existing.get()) {
      try {
        return read(catalog, replicate, wanted, refused);
      } catch (RuntimeException e) {
        throw catalog.failures().explain("reading where the replica stands", e);
      }
    }
  }

  private static StartingPoint read(
      ReplicaCatalog catalog,
      ReplicateConfig replicate,
      Map<TableSchema, TableSettings> wanted,
      Map<TableId, FirnException> refused) {
    Optional<ControlTable> control = ControlTable.find(catalog);
    Map<TableId, String> uuids = control.map(ControlTable::tables).orElse(Map.of());
    Map<TableId, KnownTable> members = new TreeMap<>();
    uuids.forEach((id, uuid) ->
        KnownTable.load(catalog, IcebergTables.identifier(id))
            .ifPresent(known -> {
              members.put(id, known);
              control.ifPresent(
                  c -> check(id, refused, () -> ReplicaTables.requireAsLeft(c, id, known, uuid)));
            }));
    wanted.forEach((schema, settings) -> {
      TableId id = schema.id();
      KnownTable member = members.get(id);
      Optional<KnownTable> known =
          member == null
              ? KnownTable.load(catalog, IcebergTables.identifier(id))
              : Optional.of(member);
      check(
          id,
          refused,
          () -> {
            if (known.isEmpty()) {
              plan(schema, settings, replicate);
              return;
            }
            if (member == null) {
              ReplicaTables.requireMember(control, known.get());
            }
            ReplicaTables.requireFit(known.get(), schema, settings, replicate.formatVersion());
          });
    });
    Optional<Position> recorded = control.flatMap(c -> c.marks().position());
    return new StartingPoint(
        recorded.map(
            at -> new Standing(at, furthest(at, members), control.flatMap(ControlTable::source))),
        refused);
  }

  private static void plan(TableSchema schema, TableSettings settings, ReplicateConfig replicate) {
    var ignored = IcebergTables.describe(schema, settings, replicate.formatVersion());
  }

  private static void check(TableId table, Map<TableId, FirnException> refused, Runnable check) {
    try {
      check.run();
    } catch (FirnException e) {
      refused.putIfAbsent(table, e);
    }
  }

  private static Position furthest(Position recorded, Map<TableId, KnownTable> members) {
    return members.entrySet().stream()
        .map(member -> new ReplicatedTable(member.getKey(), member.getValue()))
        .flatMap(table -> Stream.concat(table.position().stream(), table.horizon().stream()))
        .reduce(recorded, (a, b) -> a.isAtOrAfter(b) ? a : b);
  }
}
