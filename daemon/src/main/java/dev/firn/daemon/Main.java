package dev.firn.daemon;

import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.SuppressForbidden;
import dev.firn.config.ConfigException;
import dev.firn.daemon.print.Output;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The daemon's command line. */
@Command(
    name = "firn",
    description = "Keeps Apache Iceberg tables equal to a live database.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    version = Main.VERSION,
    footer = "%nFrom its sources, ./firn also has: demo, test and image.",
    subcommands = {
      RunCommand.class,
      PlanCommand.class,
      DoctorCommand.class,
      SetupCommand.class,
      StatusCommand.class,
      SchemaCommand.class,
      CommandLine.HelpCommand.class
    })
public final class Main implements Runnable {
  /** What {@code --version} prints. */
  static final String VERSION = "firn 0.1.0-SNAPSHOT";

  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  private final Output output;
  private final Map<String, String> environment;
  private final Clock clock;

  @Spec private CommandSpec spec = CommandSpec.create();

  /**
   * A command line.
   *
   * @param environment what {@code ${env:NAME}} in the config refers to
   */
  public Main(Output output, Map<String, String> environment, Clock clock) {
    this.output = output;
    this.environment = Map.copyOf(environment);
    this.clock = clock;
  }

  /** Runs the command named and ends the process with its code. */
  @SuppressForbidden("the one place where the daemon's process is ended")
  public static void main(String[] arguments) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    Main main = new Main(new Output(out, err), System.getenv(), Clock.systemUTC());
    Runtime.getRuntime().exit(main.run(arguments));
  }

  /** Ends the process where a stop does not end: the next start finds the position. */
  @SuppressForbidden("a stop that hangs must not keep the process")
  static void endAtOnce() {
    Runtime.getRuntime().halt(ExitCode.REPLICA_UNREACHABLE.code());
  }

  /** Runs the command named; returns its exit code. */
  public int run(String... arguments) {
    Logging.takeTheJdks();
    CommandLine line = new CommandLine(this, new Commands());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler(
        (failure, command, _) -> failed(output, failure, mend -> written(command, mend)));
    line.setParameterExceptionHandler((failure, _) -> {
      output.failure(
          mistake(failure),
          "'" + failure.getCommandLine().getCommandSpec().qualifiedName() + " --help' tells more.");
      return ExitCode.USAGE.code();
    });
    try {
      return line.execute(arguments);
    } catch (Error e) {
      return failed(output, e);
    }
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "a command is missing: " + commands(spec.commandLine()));
  }

  private static String commands(CommandLine line) {
    return String.join(", ", line.getSubcommands().keySet());
  }

  /** What is wrong with a command line, in Firn's words where picocli's need its terms. */
  private static String mistake(CommandLine.ParameterException failure) {
    if (!(failure instanceof CommandLine.UnmatchedArgumentException unmatched)) {
      return String.valueOf(failure.getMessage());
    }
    CommandLine line = failure.getCommandLine();
    String first = unmatched.getUnmatched().getFirst();
    boolean option = first.startsWith("-");
    List<String> likely = unmatched.getSuggestions();
    String suggestion =
        likely.isEmpty() ? "" : "; did you mean " + String.join(" or ", likely) + "?";
    if (option) {
      return "there is no option '" + first + "'" + suggestion;
    }
    return line.getSubcommands().isEmpty()
        ? "'" + first + "' is one argument too many"
        : "there is no command '"
            + first
            + "'"
            + (suggestion.isEmpty() ? ": there are " + commands(line) : suggestion);
  }

  /** A mend of a command, the commands in it as the user types them. */
  private String written(CommandLine command, String mend) {
    ArgSpec config = command.getCommandSpec().findOption("--config");
    return config != null && config.getValue() instanceof Path file
        ? new Session(output, environment, clock).command(file).in(mend)
        : mend;
  }

  /**
   * Tells a person of a failure, in one message without a stack trace; that of a defect goes to a
   * file.
   *
   * @return the exit code
   */
  public static int failed(Output output, Throwable failure) {
    return failed(output, failure, UnaryOperator.identity());
  }

  private static int failed(Output output, Throwable failure, UnaryOperator<String> written) {
    switch (failure) {
      case FirnException known -> {
        LOG.debug("{}", known.getMessage(), known);
        output.failure(String.valueOf(known.getMessage()), written.apply(known.mend()));
        return ExitCode.of(known.kind()).code();
      }
      case ConfigException config -> {
        output.failure(String.valueOf(config.getMessage()), "");
        return ExitCode.USAGE.code();
      }
      case InterruptedException _ -> {
        Thread.currentThread().interrupt();
        output.failure("interrupted before it was done", traceOf(failure));
        return ExitCode.INTERNAL_ERROR.code();
      }
      default -> {
        output.failure("a defect of Firn: " + failure, traceOf(failure));
        return ExitCode.INTERNAL_ERROR.code();
      }
    }
  }

  private static String traceOf(Throwable failure) {
    try {
      Path file = Files.createTempFile("firn-defect-", ".log");
      try (PrintWriter writer = new PrintWriter(Files.newBufferedWriter(file))) {
        failure.printStackTrace(writer);
      }
      return "Please report it with the trace in " + file;
    } catch (IOException e) {
      failure.addSuppressed(e);
      return "Its trace could not be written to the temporary folder: " + e.getMessage();
    }
  }

  /** Makes the commands with what they need. */
  private final class Commands implements CommandLine.IFactory {
    @Override
    public <K> K create(Class<K> type) throws Exception {
      Session session = new Session(output, environment, clock);
      Object command =
          Map.<Class<?>, Object>of(
                  RunCommand.class, new RunCommand(session),
                  PlanCommand.class, new PlanCommand(session),
                  DoctorCommand.class, new DoctorCommand(session),
                  SetupCommand.class, new SetupCommand(session),
                  StatusCommand.class, new StatusCommand(session),
                  SchemaCommand.class, new SchemaCommand(session))
              .get(type);
      return command == null ? CommandLine.defaultFactory().create(type) : type.cast(command);
    }
  }
}
