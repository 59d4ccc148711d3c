package dev.firn.daemon;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.postgres.PostgresDoctor;
import dev.firn.cdc.postgres.SourceCatalog;
import dev.firn.cdc.postgres.SourceTable;
import dev.firn.cdc.postgres.SourceTables;
import dev.firn.cdc.slot.SlotCheck;
import dev.firn.change.fault.FirnException;
import dev.firn.change.health.Check;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.FirnConfig;
import dev.firn.config.TableSettings;
import dev.firn.daemon.pipeline.ReaderLimits;
import dev.firn.iceberg.StartingPoint;
import dev.firn.iceberg.catalog.ReplicaDoctor;
import dev.firn.iceberg.read.ReplicaState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code firn doctor}. */
@Command(
    name = "doctor",
    description = "Looks at all that must be right in source and replica, and names each mend.",
    mixinStandardHelpOptions = true,
    version = Main.VERSION)
final class DoctorCommand implements Callable<Integer> {
  private final Session session;
  @Mixin private final ConfigOption config = new ConfigOption();
  @Mixin private final JsonOption json = new JsonOption();

  DoctorCommand(Session session) {
    this.session = session;
  }

  /** What was found on one side, and with what the command ends because of it. */
  private static final class Findings {
    private final List<Check> checks = new ArrayList<>();
    private ExitCode exit = ExitCode.DONE;

    void add(List<Check> found, ExitCode whereFailed) {
      checks.addAll(found);
      if (found.stream().anyMatch(c -> c.outcome() == Check.Outcome.FAILED)) {
        failed(whereFailed);
      }
    }

    void add(String name, FirnException failure) {
      checks.add(Check.failed(name, String.valueOf(failure.getMessage()), failure.mend()));
      failed(ExitCode.of(failure.kind()));
    }

    private void failed(ExitCode code) {
      exit = isWell() ? code : exit;
    }

    boolean isWell() {
      return exit == ExitCode.DONE;
    }
  }

  @Override
  public Integer call() {
    Logging.errorsOnly();
    FirnConfig parsed = session.config(config.file);
    PostgresConnections connections = new PostgresConnections(parsed.source());
    Findings source = new Findings();
    Findings replica = new Findings();
    Optional<Set<TableId>> members = lookAtReplica(parsed, replica);
    lookAtSource(connections, parsed, members, source);
    if (source.isWell() && replica.isWell()) {
      lookAtStart(connections, parsed, members, source, replica);
    }
    ExitCode exit = source.isWell() ? replica.exit : source.exit;
    if (json.chosen) {
      session
          .output()
          .json(
              Map.of(
                  "healthy",
                  exit == ExitCode.DONE,
                  "source",
                  source.checks,
                  "replica",
                  replica.checks));
    } else {
      print("Source " + parsed.source().address(), source.checks);
      print("Replica " + parsed.catalog().warehouse(), replica.checks);
      session
          .output()
          .line(
              exit == ExitCode.DONE
                  ? "Nothing stands in the way."
                  : "Firn cannot mirror before what is marked FAILED has been mended.");
    }
    return exit.code();
  }

  /** The tables of the replica, where there is one that has a position. */
  private static Optional<Set<TableId>> lookAtReplica(FirnConfig config, Findings replica) {
    replica.add(ReplicaDoctor.check(config.catalog()), ExitCode.REPLICA_UNREACHABLE);
    if (!replica.isWell()) {
      return Optional.empty();
    }
    try {
      Optional<ReplicaState> state =
          ReplicaState.read(config.catalog(), List.of()).filter(s -> s.checkpoint() > 0);
      replica.checks.add(
          Check.ok(
              "replica",
              state.map(s -> "stands at checkpoint " + s.checkpoint()).orElse("not begun yet")));
      return state.filter(s -> s.position().isPresent()).map(ReplicaState::members);
    } catch (FirnException e) {
      replica.add("replica", e);
      return Optional.empty();
    }
  }

  private static void lookAtSource(
      PostgresConnections connections,
      FirnConfig config,
      Optional<Set<TableId>> members,
      Findings source) {
    try {
      connections.open("doctor").close();
    } catch (FirnException e) {
      source.add("source reachable", e);
      return;
    } catch (java.sql.SQLException e) {
      source.add("source", connections.failure("closing a connection", e));
      return;
    }
    source.add(new PostgresDoctor(connections, config).check(members), ExitCode.SOURCE_UNFIT);
  }

  /** What a start would refuse when it holds source and replica against each other. */
  private static void lookAtStart(
      PostgresConnections connections,
      FirnConfig config,
      Optional<Set<TableId>> members,
      Findings source,
      Findings replica) {
    SourceTables all = new SourceCatalog(connections, config).read();
    List<SourceTable.Mirrored> tables = members.map(all::leavingOutNew).orElse(all).mirrored();
    for (SourceTable.Mirrored table : tables) {
      ReaderLimits.of(table.schema(), config.replicate().readers())
          .forEach(limit ->
              source.checks.add(
                  Check.warning(
                      "table " + table.id(),
                      table.id() + " " + limit,
                      "Read it with another engine, or give the column another type.")));
    }
    Map<TableSchema, TableSettings> wanted = new LinkedHashMap<>();
    tables.forEach(table -> wanted.put(table.schema(), table.settings()));
    StartingPoint start;
    try {
      start = StartingPoint.read(config.catalog(), config.replicate(), wanted);
    } catch (FirnException e) {
      replica.add("replica", e);
      return;
    }
    start.refused().forEach((table, refusal) -> replica.add("table " + table, refusal));
    start
        .standing()
        .ifPresent(at -> {
          try {
            new SlotCheck(config.source(), connections)
                .look(at.recorded(), at.furthestShown(), at.sourceIdentity());
            source.checks.add(
                Check.ok("position", "the log goes on from " + at.recorded().toText()));
          } catch (FirnException e) {
            source.add("position", e);
          }
        });
  }

  private void print(String title, List<Check> checks) {
    session.output().line(title);
    int width = checks.stream().mapToInt(c -> c.name().length()).max().orElse(0);
    for (Check check : checks) {
      String mark =
          switch (check.outcome()) {
            case OK -> "  ok      ";
            case WARNING -> "  warning ";
            case FAILED -> "  FAILED  ";
          };
      session
          .output()
          .line(
              mark + check.name() + " ".repeat(width - check.name().length() + 2) + check.detail());
      if (!check.mend().isBlank()) {
        session
            .output()
            .line(
                "          "
                    + " ".repeat(width + 2)
                    + "→ "
                    + session.command(config.file).in(check.mend()));
      }
    }
    session.output().line("");
  }
}
