package dev.firn.daemon;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.postgres.PostgresSetup;
import dev.firn.cdc.postgres.SetupPlan;
import dev.firn.cdc.slot.Slots;
import dev.firn.change.fault.FirnException;
import dev.firn.config.FirnConfig;
import java.sql.SQLException;
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
    mixinStandardHelpOptions = true,
    version = Main.VERSION)
final class SetupCommand implements Callable<Integer> {
  private static final int LONGEST_LINE = 100;

  /** insufficient_privilege. */
  private static final String NO_RIGHT = "42501";

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
    SetupPlan plan = print ? setup.plan() : apply(setup);
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
      applied(plan, left);
    }
    return ExitCode.DONE.code();
  }

  private static SetupPlan apply(PostgresSetup setup) {
    try {
      return setup.apply();
    } catch (FirnException e) {
      if (e.getCause() instanceof SQLException sql && NO_RIGHT.equals(sql.getSQLState())) {
        throw new FirnException(
            e.kind(),
            String.valueOf(e.getMessage()),
            "Let a superuser run what 'firn setup --print' prints, then run 'firn setup' again.",
            e);
      }
      throw e;
    }
  }

  private void applied(SetupPlan plan, List<SetupPlan.Step> left) {
    var out = session.output();
    plan.steps().stream()
        .filter(SetupPlan.Step::permitted)
        .forEach(step -> out.line("done  " + shortened(step.sql())));
    plan.tables().refused().forEach(r -> out.line("not mirrored  " + r.what()));
    if (plan.steps().isEmpty()) {
      out.line("All was set up already.");
    } else if (left.isEmpty()) {
      out.line("Set up.");
    } else {
      out.line(
          left.size() == plan.steps().size()
              ? "Nothing was done: what is missing is left to a superuser."
              : "Set up, but for what is left to a superuser.");
      out.notice("");
      out.notice(
          "To be run by a superuser, so that schema changes are noticed where they happen and not"
              + " late:");
      left.forEach(step -> out.notice(step.sql() + ";"));
    }
  }

  /** A statement's beginning, on one line: what it makes, and its name. */
  private static String shortened(String sql) {
    String line = sql.lines().findFirst().orElse("");
    int end = Math.min(line.length(), LONGEST_LINE);
    int returns = line.indexOf(" RETURNS ");
    if (returns > 0) {
      end = Math.min(end, returns);
    }
    return end < sql.length() ? line.substring(0, end) + " …" : line;
  }
}
