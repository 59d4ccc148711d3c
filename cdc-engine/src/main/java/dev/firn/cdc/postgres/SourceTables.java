package dev.firn.cdc.postgres;

import dev.firn.change.fault.FirnException;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The tables of the source that the config speaks of, ordered by name.
 *
 * @param all those that can be mirrored, and those that cannot
 */
public record SourceTables(List<SourceTable> all) {
  public SourceTables {
    all = List.copyOf(all);
  }

  /** The tables that can be mirrored. */
  public List<SourceTable.Mirrored> mirrored() {
    return all.stream()
        .filter(SourceTable.Mirrored.class::isInstance)
        .map(SourceTable.Mirrored.class::cast)
        .toList();
  }

  /** The shapes of the tables that can be mirrored. */
  public List<TableSchema> schemas() {
    return mirrored().stream().map(SourceTable.Mirrored::schema).toList();
  }

  /** Whether {@link #leavingOutNew} leaves any out where the replica has none of them. */
  public boolean anyNew() {
    return mirrored().stream().anyMatch(SourceTables::isNew);
  }

  private static boolean isNew(SourceTable.Mirrored table) {
    return !table.namedExactly() && table.schema().membership() == 0;
  }

  /**
   * As a replica that exists goes on: what only a wildcard matches, and neither the publication nor
   * the replica has, is refused, so that a table made by anybody stops nothing.
   *
   * @param replica the replica's tables
   */
  public SourceTables leavingOutNew(Set<TableId> replica) {
    return new SourceTables(
        all.stream()
            .map(table ->
                table instanceof SourceTable.Mirrored fit
                        && isNew(fit)
                        && !replica.contains(fit.id())
                    ? new SourceTable.Refused(fit.id(), false, List.of(new Refusal.NotPublished()))
                    : table)
            .toList());
  }

  /** The tables that cannot be mirrored. */
  public List<SourceTable.Refused> refused() {
    return all.stream()
        .filter(SourceTable.Refused.class::isInstance)
        .map(SourceTable.Refused.class::cast)
        .toList();
  }

  /**
   * Says no where a table that the config names exactly cannot be mirrored, or none can. Tables
   * that only a wildcard matches may be refused: they are reported and the others go on.
   *
   * @throws FirnException SOURCE_UNFIT, naming every such table
   */
  public void requireUsable() {
    List<SourceTable.Refused> fatal =
        refused().stream().filter(SourceTable.Refused::namedExactly).toList();
    if (!fatal.isEmpty()) {
      throw refusal("the config names tables that cannot be mirrored: ", fatal);
    }
    if (mirrored().isEmpty()) {
      if (all.isEmpty()) {
        throw new FirnException(
            FirnException.Kind.SOURCE_UNFIT,
            "no table of the source matches the config",
            "correct the patterns under tables (case counts)");
      }
      throw refusal("no table that the config matches can be mirrored: ", refused());
    }
  }

  static FirnException refusal(String start, List<SourceTable.Refused> tables) {
    return new FirnException(
        FirnException.Kind.SOURCE_UNFIT,
        start
            + tables.stream().map(SourceTable.Refused::what).collect(Collectors.joining("; and ")),
        tables.stream()
            .map(table -> table.id() + ": " + table.mend())
            .collect(Collectors.joining("; ")));
  }
}
