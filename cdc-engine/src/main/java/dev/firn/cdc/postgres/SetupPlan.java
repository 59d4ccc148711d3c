package dev.firn.cdc.postgres;

import dev.firn.cdc.slot.Slots;
import dev.firn.change.fault.FirnException;
import dev.firn.change.table.TableId;
import dev.firn.config.SourceConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What has to be run in the database so that it is set up; nothing where it is.
 *
 * @param steps in the order in which they are run
 * @param tables the tables that it is for, and those refused
 */
public record SetupPlan(List<Step> steps, SourceTables tables) {

  /** What a step is about. */
  public enum Part {
    /** The triggers that log schema changes. */
    TRIGGERS,
    /** The publication. */
    PUBLICATION,
    /** The replication slot. */
    SLOT
  }

  /**
   * One statement.
   *
   * @param permitted whether the config's user may run it; others are left to a superuser
   */
  public record Step(Part part, String sql, boolean permitted) {}

  public SetupPlan {
    steps = List.copyOf(steps);
  }

  /** The steps of one part. */
  public List<Step> steps(Part part) {
    return steps.stream().filter(step -> step.part() == part).toList();
  }

  /** The steps as a script for psql. */
  public String script() {
    StringBuilder script = new StringBuilder();
    for (SourceTable.Refused refused : tables.refused()) {
      script.append("-- not mirrored: ").append(comment(refused.what())).append('\n');
    }
    Part part = null;
    for (Step step : steps) {
      if (step.part() != part) {
        part = step.part();
        script.append("\n-- ").append(title(part));
        script.append(step.permitted() ? "\n" : " (needs a superuser)\n");
      }
      script.append(step.sql()).append(";\n");
    }
    return steps.isEmpty() ? script + "-- all is set up\n" : script.toString();
  }

  private static String comment(String text) {
    return text.replace("\r", " ").replace("\n", " ");
  }

  private static String title(Part part) {
    return switch (part) {
      case TRIGGERS -> "triggers that write schema changes into the log";
      case PUBLICATION -> "the publication: which tables' changes are streamed";
      case SLOT -> "the replication slot; after the publication, which its log must hold";
    };
  }

  /** What leads from a state of the database to the one that the tables need. */
  static SetupPlan of(SetupState state, SourceTables tables, SourceConfig source) {
    refuseToUnpublishByMistake(state, tables);
    List<Step> steps = new ArrayList<>();
    for (String sql : DdlTriggers.missing(state.triggers())) {
      steps.add(new Step(Part.TRIGGERS, sql, state.mayAddTriggers()));
    }
    for (String sql : publication(state, tables, source.publication())) {
      steps.add(new Step(Part.PUBLICATION, sql, true));
    }
    if (!state.slotExists()) {
      steps.add(
          new Step(
              Part.SLOT,
              "SELECT " + Slots.creation(state.serverMajor(), SqlNames.literal(source.slot())),
              true));
    }
    return new SetupPlan(steps, tables);
  }

  /**
   * A published table that leaves the publication has to be loaded again: for a table that cannot
   * be mirrored that is right, for a config that does not fit the table it is not.
   */
  private static void refuseToUnpublishByMistake(SetupState state, SourceTables tables) {
    Set<TableId> published =
        state.publication().stream()
            .flatMap(publication -> publication.tables().stream())
            .map(SetupState.Published::id)
            .collect(Collectors.toSet());
    List<SourceTable.Refused> mistaken =
        tables.refused().stream()
            .filter(table -> published.contains(table.id()))
            .filter(table -> table.namedExactly() || table.isByConfig())
            .toList();
    if (!mistaken.isEmpty()) {
      throw SourceTables.refusal(
          "the publication holds tables that cannot be mirrored as they are configured: ",
          mistaken);
    }
  }

  private static List<String> publication(SetupState state, SourceTables tables, String name) {
    String quoted = SqlNames.quote(name);
    String options =
        "(publish = 'insert, update, delete, truncate', publish_via_partition_root = true)";
    String guard =
        "COMMENT ON PUBLICATION "
            + quoted
            + " IS '"
            + DdlTriggers.GUARDED
            + " tables mirrored to Iceberg; made by firn setup'";
    List<String> statements = new ArrayList<>();
    if (state.publication().isEmpty()) {
      Set<String> all =
          tables.mirrored().stream()
              .map(table -> only(table.id()))
              .collect(Collectors.toCollection(LinkedHashSet::new));
      statements.add(
          "CREATE PUBLICATION "
              + quoted
              + (all.isEmpty() ? "" : " FOR TABLE " + String.join(", ", all))
              + " WITH "
              + options);
      statements.add(guard);
      return statements;
    }
    SetupState.Publication publication = state.publication().get();
    if (publication.allTables()) {
      throw new FirnException(
          FirnException.Kind.SOURCE_UNFIT,
          "the publication "
              + name
              + " is FOR ALL TABLES, with which UPDATE and DELETE fail on tables without a key",
          "DROP PUBLICATION " + quoted + " and run firn setup, or name another in the config");
    }
    if (!publication.guarded()) {
      statements.add(guard);
    }
    String alter = "ALTER PUBLICATION " + quoted;
    if (!publication.asNeeded()) {
      statements.add(alter + " SET " + options);
    }
    if (publication.generated()) {
      statements.add(alter + " SET (publish_generated_columns = none)");
    }
    if (!publication.schemas().isEmpty()) {
      statements.add(
          alter
              + " DROP TABLES IN SCHEMA "
              + publication.schemas().stream()
                  .map(SqlNames::quote)
                  .collect(Collectors.joining(", ")));
    }
    Map<Long, String> wanted = new LinkedHashMap<>();
    tables.mirrored().forEach(table -> wanted.put(table.schema().sourceId(), only(table.id())));
    List<String> drop = new ArrayList<>();
    for (SetupState.Published published : publication.tables()) {
      if (published.cut() || !wanted.containsKey(published.oid())) {
        drop.add(only(published.id()));
      } else {
        wanted.remove(published.oid());
      }
    }
    if (!drop.isEmpty()) {
      statements.add(alter + " DROP TABLE " + String.join(", ", drop));
    }
    if (!wanted.isEmpty()) {
      statements.add(alter + " ADD TABLE " + String.join(", ", wanted.values()));
    }
    return statements;
  }

  /** ONLY: a table that inherits is published by its own name, or not at all. */
  private static String only(TableId table) {
    return "ONLY " + SqlNames.quote(table);
  }
}
