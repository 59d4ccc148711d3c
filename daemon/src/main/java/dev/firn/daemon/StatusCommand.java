package dev.firn.daemon;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.postgres.SourceCatalog;
import dev.firn.cdc.postgres.SourceTable;
import dev.firn.cdc.postgres.SourceTables;
import dev.firn.cdc.slot.SlotStatus;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.table.TableId;
import dev.firn.config.CatalogConfig;
import dev.firn.config.FirnConfig;
import dev.firn.daemon.print.Amounts;
import dev.firn.daemon.print.SlotText;
import dev.firn.daemon.print.TextTable;
import dev.firn.daemon.print.UserCommand;
import dev.firn.iceberg.read.ReplicaState;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code firn status}. */
@Command(
    name = "status",
    description = "Says where the replica and each table stand; no daemon needs to run.",
    mixinStandardHelpOptions = true,
    version = Main.VERSION)
final class StatusCommand implements Callable<Integer> {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** What each table adds to it: they are read one after another. */
  private static final Duration PATIENCE_PER_TABLE = Duration.ofSeconds(1);

  private final Session session;
  @Mixin private final ConfigOption config = new ConfigOption();
  @Mixin private final JsonOption json = new JsonOption();

  StatusCommand(Session session) {
    this.session = session;
  }

  /** The result. Times are ISO 8601; null where unknown. */
  record Status(
      long checkpoint,
      long epoch,
      @Nullable String position,
      @Nullable String freshAsOf,
      @Nullable Double freshnessSeconds,
      @Nullable Slot slot,
      List<Table> tables,
      List<Refused> refused) {}

  record Slot(String name, String walStatus, long retainedBytes, boolean active) {}

  record Table(
      String table,
      boolean loaded,
      long checkpoint,
      @Nullable String position,
      @Nullable Long rows) {}

  record Refused(String table, String why, String mend) {}

  @Override
  public Integer call() throws Exception {
    Logging.errorsOnly();
    FirnConfig parsed = session.config(config.file);
    Status status = read(parsed);
    if (json.chosen) {
      session.output().json(status);
    } else {
      print(status);
    }
    return ExitCode.DONE.code();
  }

  /** Iceberg itself tries for minutes at each table, and says nothing. */
  static Optional<ReplicaState> readReplica(
      CatalogConfig catalog, List<TableId> tables, Duration patience) throws Exception {
    return BoundedWait.answer(
        patience,
        () -> ReplicaState.read(catalog, tables),
        () ->
            new FirnException(
                FirnException.Kind.REPLICA_UNREACHABLE,
                "catalog and bucket ("
                    + catalog.warehouse()
                    + ") did not say within "
                    + patience.toSeconds()
                    + " s where the replica stands",
                "'firn doctor' tells which of them does not answer."));
  }

  private Status read(FirnConfig parsed) throws Exception {
    PostgresConnections connections = new PostgresConnections(parsed.source());
    SourceTables all = new SourceCatalog(connections, parsed).read();
    Slot slot =
        SlotStatus.read(connections, parsed.source().slot())
            .map(
                s -> new Slot(parsed.source().slot(), s.walStatus(), s.retainedBytes(), s.active()))
            .orElse(null);
    List<TableId> ids = all.mirrored().stream().map(SourceTable::id).toList();
    Optional<ReplicaState> state =
        readReplica(
            parsed.catalog(), ids, PATIENCE.plus(PATIENCE_PER_TABLE.multipliedBy(ids.size())));
    SourceTables tables =
        state
            .filter(s -> s.position().isPresent())
            .map(s -> all.leavingOutNew(s.members()))
            .orElse(all);
    List<Table> rows = new ArrayList<>();
    for (SourceTable.Mirrored table : tables.mirrored()) {
      ReplicaState.TableState at = state.map(s -> s.tables().get(table.id())).orElse(null);
      rows.add(
          at == null
              ? new Table(table.id().toString(), false, 0, null, null)
              : new Table(
                  table.id().toString(),
                  at.loaded(),
                  at.checkpoint(),
                  at.position().map(Position::toText).orElse(null),
                  at.rows().isPresent() ? at.rows().getAsLong() : null));
    }
    Instant fresh =
        state
            .filter(s -> s.sourceCommitMicros() > 0)
            .map(s -> Instant.EPOCH.plus(s.sourceCommitMicros(), ChronoUnit.MICROS))
            .orElse(null);
    return new Status(
        state.map(ReplicaState::checkpoint).orElse(0L),
        state.map(ReplicaState::epoch).orElse(0L),
        state.flatMap(ReplicaState::position).map(Position::toText).orElse(null),
        fresh == null ? null : fresh.toString(),
        fresh == null ? null : ChronoUnit.MILLIS.between(fresh, session.clock().instant()) / 1000.0,
        slot,
        rows,
        tables.refused().stream()
            .map(r -> new Refused(r.id().toString(), r.what(), r.mend()))
            .toList());
  }

  private void print(Status status) {
    var out = session.output();
    UserCommand command = session.command(config.file);
    if (status.position() == null) {
      out.line(command.in("The catalog holds no replica yet: 'firn run' makes it."));
    } else {
      out.line(
          "Replica at checkpoint "
              + status.checkpoint()
              + ", position "
              + status.position()
              + (status.freshnessSeconds() == null
                  ? ""
                  : ", as of "
                      + status.freshAsOf()
                      + " ("
                      + Amounts.seconds(status.freshnessSeconds())
                      + " ago)"));
    }
    Slot slot = status.slot();
    out.line(
        slot == null
            ? command.in(
                status.position() == null
                    ? "The source has no slot yet: 'firn setup' makes it."
                    : "The source has no slot, and so no longer the log that the replica goes on"
                        + " from: 'firn run' says what to do.")
            : "Slot "
                + SlotText.of(slot.name(), slot.walStatus(), slot.retainedBytes(), slot.active()));
    out.line("");
    TextTable table = new TextTable("TABLE", "LOADED", ">ROWS", ">CHECKPOINT", "POSITION");
    for (Table row : status.tables()) {
      table.row(
          row.table(),
          row.loaded() ? "yes" : "no",
          row.rows() == null ? "-" : Amounts.count(row.rows()),
          row.checkpoint() == 0 ? "-" : Long.toString(row.checkpoint()),
          row.position() == null ? "-" : row.position());
    }
    out.table(table);
    if (!status.refused().isEmpty()) {
      out.line("");
      out.line("Not mirrored:");
      for (Refused refused : status.refused()) {
        out.line("  " + refused.why());
        out.line("    → " + command.in(refused.mend()));
      }
    }
  }
}
