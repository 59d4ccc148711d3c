package dev.firn.daemon;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.postgres.PostgresSetup;
import dev.firn.cdc.postgres.SetupPlan;
import dev.firn.cdc.slot.Slots;
import dev.firn.config.FirnConfig;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code firn setup}. */
@Command(
    name = "setup",
    description = "Makes publication, slot and DDL triggers in the source; may be run again.",
    mixinStandardHelpOptions = true)
final class SetupCommand implements Callable<Integer> {
  private final Session session;
  @Mixin private final ConfigOption config = new ConfigOption();
  @Mixin private final JsonOption json = new JsonOption();

  @Option(names = "--print", description = "print the SQL and run nothing")
  private boolean print;

  SetupCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Logging.errorsOnly();
    FirnConfig parsed = session.config(config.file);
    PostgresConnections connections = new PostgresConnections(parsed.source());
    PostgresSetup setup =
        new PostgresSetup(
            connections, parsed, () -> new Slots(parsed.source(), connections).createIfMissing());
    SetupPlan plan = print ? setup.plan() : setup.apply();
    List<SetupPlan.Step> left = plan.steps().stream().filter(s -> !s.permitted()).toList();
    if (json.chosen) {
      session
          .output()
          .json(
              Map.of(
                  "applied",
                  !print,
                  "steps",
                  plan.steps(),
                  "refused",
                  plan.tables().refused().stream()
                      .map(r ->
                          Map.of("table", r.id().toString(), "why", r.what(), "mend", r.mend()))
                      .toList()));
    } else if (print) {
      session.output().line(PostgresSetup.grants(parsed.source(), plan.tables()));
      session.output().line(plan.script().stripTrailing());
    } else {
      plan.steps().stream()
          .filter(SetupPlan.Step::permitted)
          .forEach(
              step -> session.output().line("done  " + step.sql().lines().findFirst().orElse("")));
      plan.tables().refused().forEach(r -> session.output().line("not mirrored  " + r.what()));
      session
          .output()
          .line(
              plan.steps().size() == left.size() && left.isEmpty()
                  ? "All was set up already."
                  : "Set up.");
      if (!left.isEmpty()) {
        session
            .output()
            .notice("Left to a superuser (schema changes are noticed late without it):");
        left.forEach(step -> session.output().notice(step.sql() + ";"));
      }
    }
    return ExitCode.DONE.code();
  }
}
