package dev.firn.quickstart;

import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.SuppressForbidden;
import dev.firn.daemon.ExitCode;
import dev.firn.daemon.print.Output;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code firn demo}. */
@Command(
    name = "firn demo",
    description =
        "Mirrors a busy sample shop from a real PostgreSQL into Iceberg tables on an S3 server, all"
            + " on this machine, and compares them row by row at the end.",
    mixinStandardHelpOptions = true)
public final class Main implements Callable<Integer> {
  private final PrintStream out;
  private final Output output;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "30",
      description = "how long the shop is busy (default: ${DEFAULT-VALUE})")
  private int seconds;

  @Option(
      names = "--rate",
      paramLabel = "N",
      defaultValue = "200",
      description = "transactions per second asked for (default: ${DEFAULT-VALUE})")
  private int rate;

  @Option(
      names = "--keep-running",
      description = "stay up after the comparison, mirroring, until Ctrl-C")
  private boolean keepRunning;

  @Option(
      names = "--readers",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "spark,trino,duckdb,pyiceberg",
      description =
          "the engines that shall read; they decide the format (default: ${DEFAULT-VALUE})")
  private List<String> readers = List.of();

  @Option(
      names = "--data",
      paramLabel = "DIR",
      defaultValue = ".firn/demo",
      description = "the demo's folder, emptied at the start (default: ${DEFAULT-VALUE})")
  private Path data = Path.of(".firn/demo");

  @Option(
      names = "--json",
      description = "print the result as JSON, and progress to standard error")
  private boolean json;

  /** A demo that prints there. */
  Main(PrintStream out, PrintStream err) {
    this.out = out;
    this.output = new Output(out, err);
  }

  /** Runs the demo and ends the process with its code. */
  @SuppressForbidden("the one place where the demo's process is ended")
  public static void main(String[] arguments) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    Runtime.getRuntime().exit(run(out, err, arguments));
  }

  /** Runs the demo; returns the exit code. */
  public static int run(PrintStream out, PrintStream err, String... arguments) {
    Main main = new Main(out, err);
    CommandLine line = new CommandLine(main);
    line.setExecutionExceptionHandler(
        (failure, _, _) -> dev.firn.daemon.Main.failed(main.output, failure));
    line.setParameterExceptionHandler((failure, _) -> {
      main.output.failure(String.valueOf(failure.getMessage()), "'firn demo --help' tells more.");
      return ExitCode.USAGE.code();
    });
    return line.execute(arguments);
  }

  @Override
  public Integer call() throws Exception {
    if (seconds < 1 || rate < 1) {
      throw new FirnException(
          FirnException.Kind.CONFIGURATION,
          "--seconds " + seconds + " and --rate " + rate + " must both be at least 1",
          "'firn demo --help' tells more.");
    }
    Demo.Wishes wishes = new Demo.Wishes(seconds, rate, keepRunning, readers, data, json);
    Demo demo = new Demo(wishes, out, output, Clock.systemUTC());
    return demo.run().code();
  }
}
