package dev.firn.daemon;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.postgres.SourceCatalog;
import dev.firn.cdc.postgres.SourceTable;
import dev.firn.cdc.postgres.SourceTables;
import dev.firn.change.table.Column;
import dev.firn.config.FirnConfig;
import dev.firn.config.PartitionField;
import dev.firn.config.Reader;
import dev.firn.config.ReplicateConfig;
import dev.firn.daemon.pipeline.ReaderLimits;
import dev.firn.daemon.print.TextTable;
import dev.firn.iceberg.schema.PlannedTable;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code firn plan}. */
@Command(
    name = "plan",
    description = "Shows what would be mirrored, and as what; writes nothing.",
    mixinStandardHelpOptions = true,
    version = Main.VERSION)
final class PlanCommand implements Callable<Integer> {
  private final Session session;
  @Mixin private final ConfigOption config = new ConfigOption();
  @Mixin private final JsonOption json = new JsonOption();

  PlanCommand(Session session) {
    this.session = session;
  }

  /** The result. */
  record Plan(int formatVersion, List<Engine> readers, List<Table> tables, List<Refused> refused) {}

  /** A reader, and which of Iceberg's formats it reads with their row-level deletes. */
  record Engine(String engine, String version, List<Integer> formats) {
    static Engine of(String name) {
      Reader reader = Reader.of(name).orElseThrow();
      return new Engine(name, reader.version(), Stream.of(2, 3).filter(reader::reads).toList());
    }
  }

  record Table(
      String table,
      String iceberg,
      List<String> key,
      List<String> partitionBy,
      List<Field> columns,
      List<String> notes) {}

  record Field(String name, String source, String iceberg, boolean nullable) {}

  record Refused(String table, String why, String mend) {}

  @Override
  public Integer call() {
    Logging.errorsOnly();
    FirnConfig parsed = session.config(config.file);
    SourceTables tables =
        new SourceCatalog(new PostgresConnections(parsed.source()), parsed).read();
    Plan plan =
        new Plan(
            parsed.replicate().formatVersion(),
            parsed.replicate().readers().stream().map(Engine::of).toList(),
            tables.mirrored().stream().map(table -> table(table, parsed.replicate())).toList(),
            tables.refused().stream()
                .map(r -> new Refused(r.id().toString(), r.what(), r.mend()))
                .toList());
    if (json.chosen) {
      session.output().json(plan);
    } else {
      print(plan);
    }
    tables.requireUsable();
    return ExitCode.DONE.code();
  }

  private static Table table(SourceTable.Mirrored table, ReplicateConfig replicate) {
    PlannedTable planned =
        PlannedTable.of(table.schema(), table.settings(), replicate.formatVersion());
    List<Column> columns = table.schema().columns();
    return new Table(
        table.id().toString(),
        planned.identifier(),
        table.schema().keyColumns().stream().map(Column::name).toList(),
        table.settings().partitionBy().stream().map(PartitionField::toText).toList(),
        IntStream.range(0, columns.size())
            .mapToObj(i ->
                new Field(
                    columns.get(i).name(),
                    columns.get(i).sourceType(),
                    planned.types().get(i),
                    columns.get(i).nullable()))
            .toList(),
        Stream.concat(
                table.notes().stream(),
                ReaderLimits.of(table.schema(), replicate.readers()).stream())
            .toList());
  }

  private void print(Plan plan) {
    var out = session.output();
    boolean vectors = plan.formatVersion() >= 3;
    out.line(
        "Iceberg format v"
            + plan.formatVersion()
            + (vectors ? ", with deletion vectors" : ", with position deletes")
            + ": the newest that all of replicate.readers read.");
    TextTable readers = new TextTable("  READER", "VERSION", "READS");
    for (Engine engine : plan.readers()) {
      readers.row(
          "  " + engine.engine(),
          engine.version(),
          engine.formats().stream().map(format -> "v" + format).collect(Collectors.joining(", "))
              + (engine.formats().contains(3) || vectors ? "" : "   decides"));
    }
    out.table(readers);
    for (Table table : plan.tables()) {
      out.line("");
      out.line(
          table.table()
              + " → "
              + table.iceberg()
              + "   key ("
              + String.join(", ", table.key())
              + ")"
              + (table.partitionBy().isEmpty()
                  ? ""
                  : "   by " + String.join(", ", table.partitionBy())));
      TextTable columns = new TextTable("  COLUMN", "SOURCE", "ICEBERG", "NULL");
      for (Field field : table.columns()) {
        columns.row(
            "  " + field.name(),
            field.source(),
            field.iceberg(),
            field.nullable() ? "" : "not null");
      }
      out.table(columns);
      table.notes().forEach(note -> out.line("  note: " + table.table() + " " + note));
    }
    if (!plan.refused().isEmpty()) {
      out.line("");
      out.line("Not mirrored:");
      out.line(
          plan.refused().stream()
              .map(r -> "  " + r.why() + "\n    → " + session.command(config.file).in(r.mend()))
              .collect(Collectors.joining("\n")));
    }
  }
}
