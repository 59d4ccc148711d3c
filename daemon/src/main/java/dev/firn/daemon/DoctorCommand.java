package dev.firn.daemon;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.postgres.PostgresDoctor;
import dev.firn.cdc.postgres.SourceCatalog;
import dev.firn.change.fault.FirnException;
import dev.firn.change.health.Check;
import dev.firn.config.FirnConfig;
import dev.firn.daemon.pipeline.ReaderLimits;
import dev.firn.iceberg.catalog.ReplicaDoctor;
import dev.firn.iceberg.read.ReplicaState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

  private record Report(List<Check> checks, ExitCode exit) {}

  @Override
  public Integer call() {
    Logging.errorsOnly();
    FirnConfig parsed = session.config(config.file);
    Report source = source(parsed);
    Report replica = replica(parsed);
    ExitCode exit = source.exit() == ExitCode.DONE ? replica.exit() : source.exit();
    if (json.chosen) {
      session
          .output()
          .json(
              Map.of(
                  "healthy",
                  exit == ExitCode.DONE,
                  "source",
                  source.checks(),
                  "replica",
                  replica.checks()));
    } else {
      print("Source " + parsed.source().address(), source.checks());
      print("Replica " + parsed.catalog().warehouse(), replica.checks());
      session
          .output()
          .line(
              exit == ExitCode.DONE
                  ? "Nothing stands in the way."
                  : "Firn cannot mirror before what is marked FAILED has been mended.");
    }
    return exit.code();
  }

  private static Report source(FirnConfig config) {
    PostgresConnections connections = new PostgresConnections(config.source());
    List<Check> checks = new ArrayList<>();
    try {
      connections.open("doctor").close();
    } catch (FirnException e) {
      checks.add(Check.failed("source reachable", String.valueOf(e.getMessage()), e.mend()));
      return new Report(checks, ExitCode.of(e.kind()));
    } catch (java.sql.SQLException e) {
      FirnException failure = connections.failure("closing a connection", e);
      checks.add(Check.failed("source", String.valueOf(failure.getMessage()), failure.mend()));
      return new Report(checks, ExitCode.of(failure.kind()));
    }
    checks.addAll(new PostgresDoctor(connections, config).check());
    if (!anyFailed(checks)) {
      checks.addAll(readers(connections, config));
    }
    return new Report(checks, anyFailed(checks) ? ExitCode.SOURCE_UNFIT : ExitCode.DONE);
  }

  private static List<Check> readers(PostgresConnections connections, FirnConfig config) {
    return new SourceCatalog(connections, config)
        .read().schemas().stream()
            .flatMap(table ->
                ReaderLimits.of(table, config.replicate().readers()).stream()
                    .map(limit ->
                        Check.warning(
                            "table " + table.id(),
                            table.id() + " " + limit,
                            "Read it with another engine, or give the column another type.")))
            .toList();
  }

  private static Report replica(FirnConfig config) {
    List<Check> checks = new ArrayList<>(ReplicaDoctor.check(config.catalog()));
    if (anyFailed(checks)) {
      return new Report(checks, ExitCode.REPLICA_UNREACHABLE);
    }
    try {
      Optional<ReplicaState> state =
          ReplicaState.read(config.catalog(), List.of()).filter(s -> s.checkpoint() > 0);
      checks.add(
          Check.ok(
              "replica",
              state.map(s -> "stands at checkpoint " + s.checkpoint()).orElse("not begun yet")));
      return new Report(checks, ExitCode.DONE);
    } catch (FirnException e) {
      checks.add(Check.failed("replica", String.valueOf(e.getMessage()), e.mend()));
      return new Report(checks, ExitCode.of(e.kind()));
    }
  }

  private static boolean anyFailed(List<Check> checks) {
    return checks.stream().anyMatch(c -> c.outcome() == Check.Outcome.FAILED);
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
