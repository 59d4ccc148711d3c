package dev.firn.daemon;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.postgres.SourceCatalog;
import dev.firn.cdc.postgres.SourceTable;
import dev.firn.cdc.postgres.SourceTables;
import dev.firn.change.table.Column;
import dev.firn.config.FirnConfig;
import dev.firn.config.PartitionField;
import dev.firn.daemon.print.TextTable;
import dev.firn.iceberg.schema.PlannedTable;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code firn plan}. */
@Command(
    name = "plan",
    description = "Shows what would be mirrored, and as what; writes nothing.",
    mixinStandardHelpOptions = true)
final class PlanCommand implements Callable<Integer> {
  private final Session session;
  @Mixin private final ConfigOption config = new ConfigOption();
  @Mixin private final JsonOption json = new JsonOption();

  PlanCommand(Session session) {
    this.session = session;
  }

  /** The result. */
  record Plan(int formatVersion, List<String> readers, List<Table> tables, List<Refused> refused) {}

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
            parsed.replicate().readers(),
            tables.mirrored().stream()
                .map(table -> table(table, parsed.replicate().formatVersion()))
                .toList(),
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

  private static Table table(SourceTable.Mirrored table, int formatVersion) {
    PlannedTable planned = PlannedTable.of(table.schema(), table.settings(), formatVersion);
    List<Column> columns = table.schema().columns();
    return new Table(
        table.id().toString(),
        planned.identifier(),
        table.schema().keyColumns().stream().map(Column::name).toList(),
        table.settings().partitionBy().stream().map(PlanCommand::text).toList(),
        java.util.stream.IntStream.range(0, columns.size())
            .mapToObj(i ->
                new Field(
                    columns.get(i).name(),
                    columns.get(i).sourceType(),
                    planned.types().get(i),
                    columns.get(i).nullable()))
            .toList(),
        table.notes());
  }

  private static String text(PartitionField field) {
    String transform = field.transform().name().toLowerCase(Locale.ROOT);
    return switch (field.transform()) {
      case IDENTITY -> field.column();
      case BUCKET, TRUNCATE ->
          transform + "(" + field.parameter().orElseThrow() + ", " + field.column() + ")";
      case YEAR, MONTH, DAY, HOUR -> transform + "(" + field.column() + ")";
    };
  }

  private void print(Plan plan) {
    var out = session.output();
    out.line(
        "Iceberg format v"
            + plan.formatVersion()
            + ", which "
            + String.join(", ", plan.readers())
            + " read: "
            + (plan.formatVersion() >= 3 ? "deletion vectors." : "position deletes."));
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
              .map(r -> "  " + r.why() + "\n    → " + r.mend())
              .collect(Collectors.joining("\n")));
    }
  }
}
