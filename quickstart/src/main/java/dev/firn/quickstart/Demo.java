package dev.firn.quickstart;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.postgres.PostgresSetup;
import dev.firn.cdc.slot.Slots;
import dev.firn.change.PipelineEvent;
import dev.firn.change.fault.Backoff;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.position.PostgresPosition;
import dev.firn.change.position.PostgresTransaction;
import dev.firn.config.FirnConfig;
import dev.firn.config.FirnConfigReader;
import dev.firn.daemon.Daemon;
import dev.firn.daemon.ExitCode;
import dev.firn.daemon.Logging;
import dev.firn.daemon.Signals;
import dev.firn.daemon.compare.SideBySide;
import dev.firn.daemon.pipeline.PipelineState;
import dev.firn.daemon.print.Amounts;
import dev.firn.daemon.print.Output;
import dev.firn.daemon.print.TextTable;
import dev.firn.reconcile.Finding;
import dev.firn.reconcile.RowComparison;
import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.LocalS3;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The demo from start to end: servers, shop, the daemon as {@code firn run} runs it, traffic, and
 * the comparison.
 */
final class Demo {
  private static final int PREFERRED_S3_PORT = 9470;
  private static final Duration SHOW_EVERY = Duration.ofMillis(250);
  private static final long CATCH_UP_SECONDS = 120;
  private static final long START_SECONDS = 300;
  private static final String BUCKET = "lake";
  private static final String CATALOG = "lake";
  private static final String WAREHOUSE = "s3://" + BUCKET + "/shop";

  /** What the user asked for. */
  record Wishes(
      int seconds, int rate, boolean keepRunning, List<String> readers, Path data, boolean json) {
    Wishes {
      readers = List.copyOf(readers);
    }
  }

  private final Wishes wishes;
  private final PrintStream progress;
  private final Output output;
  private final Clock clock;
  private final boolean terminal;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final AtomicReference<@Nullable Position> position = new AtomicReference<>();

  Demo(Wishes wishes, PrintStream out, Output output, Clock clock) {
    this.wishes = wishes;
    this.progress = wishes.json() ? System.err : out;
    this.output = output;
    this.clock = clock;
    this.terminal = !wishes.json() && System.console() != null && System.console().isTerminal();
  }

  ExitCode run() throws Exception {
    DemoFolder folder = DemoFolder.empty(wishes.data());
    Logging.toFile(folder.log());
    Signals.onStop(stop::countDown);
    long started = System.nanoTime();
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start()) {
      FutureTask<@Nullable Void> filled = fill(postgres);
      try (LocalS3 s3 = LocalS3.start(folder.s3(), freePort(PREFERRED_S3_PORT), BUCKET)) {
        done(filled);
        return run(folder, postgres, s3, started);
      }
    }
  }

  /** Fills the shop while the other servers start. */
  private static FutureTask<@Nullable Void> fill(EmbeddedPostgres postgres) {
    FutureTask<@Nullable Void> task =
        new FutureTask<>(() -> {
          Shop.create(postgres);
          return null;
        });
    Thread.ofPlatform().daemon().name("shop-fill").start(task);
    return task;
  }

  private static void done(FutureTask<@Nullable Void> filled) throws Exception {
    try {
      filled.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  private ExitCode run(DemoFolder folder, EmbeddedPostgres postgres, LocalS3 s3, long started)
      throws Exception {
    say(
        "PostgreSQL 18 on port %d with a shop in it, S3 at %s, catalog %s   (%s)",
        postgres.port(), s3.endpoint(), folder.catalog(), since(started));
    writeConfig(folder, postgres, s3);
    FirnConfig config = new FirnConfigReader(Map.of()).read(folder.config());
    PostgresConnections connections = new PostgresConnections(config.source());
    new PostgresSetup(
            connections, config, () -> new Slots(config.source(), connections).createIfMissing())
        .apply();
    say("Config %s   log %s", shown(folder.config()), shown(folder.log()));
    try (Daemon daemon = new Daemon(config, this::on, clock)) {
      return mirror(daemon, config, folder, postgres, s3, started);
    }
  }

  private ExitCode mirror(
      Daemon daemon,
      FirnConfig config,
      DemoFolder folder,
      EmbeddedPostgres postgres,
      LocalS3 s3,
      long started)
      throws Exception {
    DaemonThread thread = new DaemonThread(daemon);
    LiveLine live = new LiveLine(progress, terminal, daemon.meters());
    say(
        "Mirroring, with health and meters at %s   (%s after the start)",
        daemon.address(), since(started));
    say("");
    ExitCode result;
    try (ShopTraffic traffic = ShopTraffic.start(postgres, wishes.rate())) {
      thread.start();
      waitUntilStreaming(thread, daemon, live, traffic);
      long busyNanos = System.nanoTime();
      long committedBefore = traffic.committed();
      while (System.nanoTime() - busyNanos < TimeUnit.SECONDS.toNanos(wishes.seconds())
          && !pause()) {
        thread.check();
        live.show(daemon.state(), traffic.committed());
      }
      traffic.stop();
      double busySeconds = (System.nanoTime() - busyNanos) / 1e9;
      long committed = traffic.committed();
      live.show(daemon.state(), committed);
      waitForLastCommit(thread, daemon, live, postgres, committed);
      live.end();
      say("");
      say(
          "The shop committed %s transactions, %s/s of %s/s asked for; the replica has them all.",
          Amounts.count(committed),
          Amounts.count((committed - committedBefore) / busySeconds),
          Amounts.count(wishes.rate()));
    }
    result = compare(config, folder, live);
    Queries queries =
        new Queries(folder.catalog(), CATALOG, WAREHOUSE, s3.endpoint(), postgres.port());
    if (!wishes.json()) {
      printQueries(queries);
    }
    if (wishes.keepRunning()) {
      say("");
      say("Still mirroring: change something with psql, and ask again. Ctrl-C ends it.");
      while (!pause()) {
        thread.check();
      }
    }
    thread.stop();
    return result;
  }

  private void on(PipelineEvent event) {
    if (event instanceof PipelineEvent.Checkpointed done) {
      position.set(done.position());
    }
  }

  private void waitUntilStreaming(
      DaemonThread thread, Daemon daemon, LiveLine live, ShopTraffic traffic) throws Exception {
    long startNanos = System.nanoTime();
    while (daemon.state() != PipelineState.STREAMING) {
      if (pause()) {
        throw inconclusive("stopped before the first copies were done");
      }
      thread.check();
      live.show(daemon.state(), traffic.committed());
      if (System.nanoTime() - startNanos > TimeUnit.SECONDS.toNanos(START_SECONDS)) {
        throw inconclusive("the first copies did not end within " + START_SECONDS + " s");
      }
    }
  }

  /**
   * Commits one last change and waits until the replica stands behind it: then it has everything
   * that was committed before, too.
   */
  private void waitForLastCommit(
      DaemonThread thread, Daemon daemon, LiveLine live, EmbeddedPostgres postgres, long committed)
      throws Exception {
    PostgresTransaction last = lastChange(postgres);
    long startNanos = System.nanoTime();
    while (true) {
      Position reached = position.get();
      if (reached != null && reached.covers(last)) {
        return;
      }
      if (System.nanoTime() - startNanos > TimeUnit.SECONDS.toNanos(CATCH_UP_SECONDS)) {
        throw inconclusive(
            "the replica stands at "
                + reached
                + " and did not reach the source's last commit "
                + last
                + " within "
                + CATCH_UP_SECONDS
                + " s");
      }
      thread.check();
      live.show(daemon.state(), committed);
      Backoff.pause(SHOW_EVERY);
    }
  }

  private static PostgresTransaction lastChange(EmbeddedPostgres postgres) throws SQLException {
    try (Connection connection = postgres.connect(Shop.DATABASE);
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      long xid;
      try (ResultSet row =
          statement.executeQuery(
              "WITH closing AS (UPDATE customers SET newsletter = true WHERE id = (SELECT"
                  + " min(id::text)::uuid FROM customers) RETURNING 1) SELECT"
                  + " pg_current_xact_id()::text::bigint FROM closing")) {
        row.next();
        xid = row.getLong(1);
      }
      connection.commit();
      try (ResultSet row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
        row.next();
        return new PostgresTransaction(
            xid, OptionalLong.of(PostgresPosition.parseLsn(row.getString(1))));
      }
    }
  }

  private ExitCode compare(FirnConfig config, DemoFolder folder, LiveLine live)
      throws InterruptedException {
    long started = System.nanoTime();
    List<RowComparison.Result> results = new SideBySide(config, folder.sort()).compare(_ -> {});
    boolean equal = results.stream().allMatch(RowComparison.Result::equal);
    ExitCode exit = equal ? ExitCode.DONE : ExitCode.DRIFT;
    if (wishes.json()) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("equal", equal);
      result.put("checkpoints", live.sum("firn.checkpoints"));
      result.put("changes", live.sum("firn.rows"));
      result.put("position", String.valueOf(position.get()));
      result.put("tables", results.stream().map(Demo::asMap).toList());
      output.json(result);
      return exit;
    }
    say(
        "Compared row by row, value by value, at %s, in %s:",
        String.valueOf(position.get()), since(started));
    say("");
    TextTable table =
        new TextTable(
            "  TABLE", ">SOURCE ROWS", ">REPLICA ROWS", ">MISSING", ">EXTRA", ">DIFFERENT", "");
    for (RowComparison.Result result : results) {
      table.row(
          "  " + result.table().name(),
          Amounts.count(result.sourceRows()),
          Amounts.count(result.replicaRows()),
          Amounts.count(result.missing()),
          Amounts.count(result.extra() + result.duplicate()),
          Amounts.count(result.different()),
          result.equal() ? "equal" : "NOT EQUAL");
    }
    table.lines("").forEach(progress::println);
    for (RowComparison.Result result : results) {
      result.findings().forEach(finding -> say("  %s %s", result.table(), words(finding)));
    }
    say("");
    say(equal ? "Equal." : "NOT EQUAL: this is a defect of Firn; the log is %s", folder.log());
    return exit;
  }

  private static Map<String, Object> asMap(RowComparison.Result result) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("table", result.table().toString());
    map.put("equal", result.equal());
    map.put("sourceRows", result.sourceRows());
    map.put("replicaRows", result.replicaRows());
    map.put("missing", result.missing());
    map.put("extra", result.extra());
    map.put("different", result.different());
    map.put("duplicate", result.duplicate());
    map.put("findings", result.findings().stream().map(Demo::words).toList());
    return map;
  }

  private static String words(Finding finding) {
    return switch (finding) {
      case Finding.Missing missing -> "missing: " + missing.key();
      case Finding.Extra extra -> "extra: " + extra.key();
      case Finding.Different different ->
          "different: " + different.key() + " in " + String.join(", ", different.columns());
      case Finding.Duplicate duplicate -> "twice: " + duplicate.key();
    };
  }

  private void printQueries(Queries queries) {
    say("");
    say(
        wishes.keepRunning()
            ? "The tables, from other engines:"
            : "The S3 server ends with this demo. With './firn demo --keep-running' it stays, and"
                + " these lines work:");
    say("");
    queries.lines().forEach(progress::println);
  }

  private void writeConfig(DemoFolder folder, EmbeddedPostgres postgres, LocalS3 s3)
      throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("# Written by 'firn demo'. 'firn status -c' and the others work with it.");
    lines.add("source:");
    lines.add("  type: postgres");
    lines.add("  url: postgresql://postgres@127.0.0.1:" + postgres.port() + "/" + Shop.DATABASE);
    lines.add("  password: postgres");
    lines.add("catalog:");
    lines.add("  type: jdbc");
    lines.add("  name: " + CATALOG);
    lines.add("  uri: jdbc:sqlite:" + folder.catalog());
    lines.add("  warehouse: " + WAREHOUSE);
    lines.add("  properties:");
    s3.fileIoProperties().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(entry -> lines.add("    " + entry.getKey() + ": \"" + entry.getValue() + "\""));
    lines.add("replicate:");
    lines.add("  readers: [" + String.join(", ", wishes.readers()) + "]");
    lines.add("  checkpoint: { every: 2s }");
    lines.add("tables:");
    lines.add("  - match: public.*");
    lines.add("  - match: public.orders");
    lines.add("    partition-by: [month(placed_at)]");
    lines.add("http: { port: 0 }");
    Files.write(folder.config(), lines);
  }

  private static int freePort(int preferred) {
    try (ServerSocket socket = new ServerSocket(preferred)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      return 0;
    }
  }

  /** Waits a moment; true where the user wants the end. */
  private boolean pause() throws InterruptedException {
    return stop.await(SHOW_EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void say(String format, Object... values) {
    progress.println(
        values.length == 0 ? format : String.format(java.util.Locale.ROOT, format, values));
  }

  private static String shown(Path file) {
    Path here = Path.of("").toAbsolutePath();
    return file.startsWith(here) ? here.relativize(file).toString() : file.toString();
  }

  private static String since(long nanos) {
    return Amounts.seconds((System.nanoTime() - nanos) / 1e9);
  }

  private static FirnException inconclusive(String what) {
    return new FirnException(
        FirnException.Kind.INCONCLUSIVE, what, "See the log in the demo's folder.");
  }
}
