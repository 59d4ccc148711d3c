package dev.firn.iceberg.read;

import dev.firn.change.position.Frontier;
import dev.firn.change.position.Position;
import dev.firn.change.table.TableId;
import dev.firn.config.CatalogConfig;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import dev.firn.iceberg.commit.KnownTable;
import dev.firn.iceberg.commit.Marks;
import dev.firn.iceberg.control.ControlTable;
import dev.firn.iceberg.schema.IcebergTables;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * Where a replica stands, as its own tables say: whether a daemon runs does not matter.
 *
 * @param epoch how often a daemon has taken it over
 * @param checkpoint the newest checkpoint
 * @param position up to where it is true; empty before the first checkpoint
 * @param sourceCommitMicros the source's time at that position, microseconds since 1970 UTC; 0
 *     where unknown
 * @param members all tables that the replica has or had
 * @param tables those of the tables asked for that the replica has
 */
public record ReplicaState(
    long epoch,
    long checkpoint,
    Optional<Position> position,
    long sourceCommitMicros,
    Set<TableId> members,
    Map<TableId, TableState> tables) {
  /**
   * Where one table stands.
   *
   * @param loaded whether its initial load is in the replica
   * @param checkpoint the checkpoint that changed it last
   * @param position where it stood after that; empty before the first
   * @param rows its live rows as its snapshot counts them; empty where it does not
   */
  public record TableState(
      boolean loaded, long checkpoint, Optional<Position> position, OptionalLong rows) {}

  public ReplicaState {
    members = Set.copyOf(members);
    tables = Map.copyOf(tables);
  }

  /**
   * Opens the catalog, reads it there, and closes the catalog. Changes nothing, not even in a JDBC
   * catalog that has no tables of its own yet.
   *
   * @return empty where the catalog holds no replica
   * @throws dev.firn.change.fault.FirnException where the catalog or the bucket fails
   */
  public static Optional<ReplicaState> read(CatalogConfig config, List<TableId> tables) {
    Optional<ReplicaCatalog> existing = ReplicaCatalog.openExisting(config);
    if (existing.isEmpty()) {
      return Optional.empty();
    }
    try (ReplicaCatalog catalog = existing.get()) {
      return read(catalog, tables);
    }
  }

  /**
   * Reads it. Changes nothing.
   *
   * @return empty where the catalog holds no replica
   * @throws dev.firn.change.fault.FirnException where the catalog or the bucket fails
   */
  public static Optional<ReplicaState> read(ReplicaCatalog catalog, List<TableId> tables) {
    try {
      Optional<ControlTable> control = ControlTable.find(catalog);
      if (control.isEmpty()) {
        return Optional.empty();
      }
      Marks marks = control.get().marks();
      Map<TableId, TableState> states = new TreeMap<>();
      for (TableId table : tables) {
        KnownTable.load(catalog, IcebergTables.identifier(table))
            .ifPresent(known -> states.put(table, state(known)));
      }
      return Optional.of(
          new ReplicaState(
              marks.epoch(),
              marks.checkpoint(),
              marks.position(),
              control.get().sourceCommitMicros(),
              control.get().tables().keySet(),
              states));
    } catch (RuntimeException e) {
      throw catalog.failures().explain("reading where the replica stands", e);
    }
  }

  private static TableState state(KnownTable table) {
    Marks marks = table.marks();
    boolean loaded = marks.frontier().filter(f -> !(f instanceof Frontier.NotLoaded)).isPresent();
    return new TableState(loaded, marks.checkpoint(), marks.position(), rows(table));
  }

  /** Exact with the deletes that Firn writes: each takes away one live row. */
  private static OptionalLong rows(KnownTable table) {
    var snapshot = table.table().currentSnapshot();
    if (snapshot == null) {
      return OptionalLong.empty();
    }
    String records = snapshot.summary().get("total-records");
    String deletes = snapshot.summary().get("total-position-deletes");
    return records == null || deletes == null
        ? OptionalLong.empty()
        : OptionalLong.of(Long.parseLong(records) - Long.parseLong(deletes));
  }
}
