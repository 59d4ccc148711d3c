package dev.firn.cdc.postgres;

import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.TableSettings;
import java.util.List;
import java.util.stream.Collectors;

/** A table of the source that the config speaks of. */
public sealed interface SourceTable {
  /** Its name. */
  TableId id();

  /**
   * It can be mirrored.
   *
   * @param schema its shape
   * @param settings what the config says of it
   * @param namedExactly whether a rule without a wildcard names it
   * @param partitioned whether it is the root of partitions, which are mirrored with it
   * @param notes what the user should know nevertheless, such as columns left out; clauses that go
   *     on after the table's name
   */
  record Mirrored(
      TableSchema schema,
      TableSettings settings,
      boolean namedExactly,
      boolean partitioned,
      List<String> notes)
      implements SourceTable {
    public Mirrored {
      notes = List.copyOf(notes);
    }

    @Override
    public TableId id() {
      return schema.id();
    }
  }

  /**
   * It cannot be mirrored.
   *
   * @param namedExactly whether a rule without a wildcard names it; Firn does not start then,
   *     because the user asked for this very table
   * @param reasons at least one
   */
  record Refused(TableId id, boolean namedExactly, List<Refusal> reasons) implements SourceTable {
    public Refused {
      reasons = List.copyOf(reasons);
    }

    /** What is wrong with it, in one sentence that begins with its name. */
    public String what() {
      return id + " " + why();
    }

    /** What is wrong with it, in clauses that go on after its name. */
    public String why() {
      return reasons.stream().map(Refusal::what).collect(Collectors.joining("; it "));
    }

    /** Whether nothing is wrong but that the config asks of it what it has not. */
    boolean isByConfig() {
      return reasons.stream()
          .allMatch(r -> r instanceof Refusal.UnknownColumn || r instanceof Refusal.KeyNotUnique);
    }

    /** What to do about it. */
    public String mend() {
      return reasons.stream().map(r -> r.mend(id)).distinct().collect(Collectors.joining("; "));
    }
  }
}
