package dev.firn.iceberg.commit;

import dev.firn.change.fault.Backoff;
import dev.firn.change.fault.Failpoint;
import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.FirnException.Kind;
import dev.firn.iceberg.catalog.MultiTableGuarantee;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.ValidationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits several tables, each exactly once. One attempt stages all of them, then moves the
 * pointers. Whatever goes wrong, the tables are read back before anything else is done: those that
 * carry the commit's marks have landed, the others are composed anew on what is current now.
 */
public final class ReplicaCommits {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaCommits.class);
  private static final Duration FIRST_WAIT = Duration.ofMillis(50);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);
  private static final int MOST_WAITS = 10;

  /** Iceberg takes no metadata that is older than the one before by more than this. */
  private static final Duration LARGEST_SKEW = Duration.ofMinutes(1);

  /** Staging mostly waits for the bucket. */
  private static final int MOST_AT_ONCE = 8;

  private final ReplicaCatalog catalog;
  private final PointerMove pointers;

  /** Commits to the tables of this catalog. */
  public ReplicaCommits(ReplicaCatalog catalog) {
    this.catalog = catalog;
    this.pointers = PointerMove.of(catalog);
  }

  /** What a reader can see while several tables are committed. */
  public MultiTableGuarantee guarantee() {
    return pointers.guarantee();
  }

  /**
   * Commits. Returns when every table has it.
   *
   * @param doing what this is, for messages, as in "checkpoint 12"
   * @param parts the tables, in the order in which they move where the catalog moves one after
   *     another; the control table is the last
   * @throws FirnException of kind FENCED where another daemon has taken over, REPLICA_UNFIT where a
   *     table is not what Firn left, REPLICA_UNREACHABLE where the catalog or bucket fails for
   *     longer than the bounded retries; then it is not known whether the commit landed
   * @throws LostTableException where a table is to be loaded again, and the commit does not say so
   */
  public void commit(String doing, List<? extends TableCommitPart> parts)
      throws InterruptedException {
    List<TableCommitPart> pending = new ArrayList<>(parts);
    Backoff backoff = new Backoff(FIRST_WAIT, LONGEST_WAIT, MOST_WAITS);
    while (!pending.isEmpty()) {
      switch (attempt(doing, pending)) {
        case Attempt.Landed(List<StagedTable> staged) -> {
          for (int i = 0; i < staged.size(); i++) {
            landed(pending.get(i), staged.get(i), pointers.keepsUp());
          }
          return;
        }
        case Attempt.Doubtful(Exception failure) -> {
          if (!backoff.await()) {
            throw catalog.failures().explain(doing, failure);
          }
          removeLanded(doing, pending, backoff);
        }
      }
    }
  }

  /**
   * Looks which tables others have moved, and does there what the next commit would do: a table
   * that they rolled back is set forward again, and rows of theirs are refused. Others' rewrites
   * are followed when the table is written next.
   *
   * @param tables the tables, each with what its next commit would carry
   * @throws FirnException of kind FENCED where another daemon has taken over, REPLICA_UNFIT where a
   *     table is not what Firn left
   * @throws LostTableException where a table is to be loaded again
   */
  public void followOthers(Map<KnownTable, Marks> tables)
      throws InterruptedException, SQLException {
    for (KnownTable table : new MovedTables(catalog).among(tables.keySet())) {
      table.follow(Objects.requireNonNull(tables.get(table)));
    }
  }

  private sealed interface Attempt {
    record Landed(List<StagedTable> staged) implements Attempt {}

    record Doubtful(Exception failure) implements Attempt {}
  }

  private Attempt attempt(String doing, List<TableCommitPart> pending) throws InterruptedException {
    try {
      List<StagedTable> staged = stageAll(pending);
      Failpoint.COMMIT_DUE.reached();
      PointerMove.Answer answer = pointers.move(staged);
      Failpoint.COMMIT_DONE.reached();
      return switch (answer) {
        case PointerMove.Answer.Moved() -> new Attempt.Landed(staged);
        case PointerMove.Answer.Conflict(String why) -> {
          LOG.info("{}: {}; composing it anew", doing, why);
          yield new Attempt.Doubtful(new CommitFailedException("%s", why));
        }
        case PointerMove.Answer.Unknown(Exception cause) -> {
          LOG.warn("{}: whether it is committed is not known; reading back", doing, cause);
          yield new Attempt.Doubtful(cause);
        }
      };
    } catch (FirnException | LostTableException e) {
      throw e;
    } catch (ValidationException | CommitFailedException e) {
      LOG.info("{}: {}; composing it anew", doing, e.getMessage());
      return new Attempt.Doubtful(e);
    } catch (RuntimeException e) {
      LOG.warn("{}: writing it failed", doing, e);
      return new Attempt.Doubtful(e);
    }
  }

  private List<StagedTable> stageAll(List<TableCommitPart> parts) throws InterruptedException {
    List<StagedTable> staged = stageBesideEachOther(parts);
    staged.forEach(table -> table.table().attempted(table));
    return staged;
  }

  /** Tables share nothing until their pointers move. Returns, or throws, once none is at work. */
  private List<StagedTable> stageBesideEachOther(List<TableCommitPart> parts)
      throws InterruptedException {
    List<Future<StagedTable>> staged;
    try (ExecutorService threads =
        Executors.newFixedThreadPool(
            Math.min(parts.size(), MOST_AT_ONCE),
            Thread.ofVirtual().name("firn-stage-", 0).factory())) {
      staged = threads.invokeAll(parts.stream().map(this::staging).toList());
    }
    List<StagedTable> tables = new ArrayList<>();
    for (Future<StagedTable> each : staged) {
      try {
        tables.add(each.get());
      } catch (ExecutionException e) {
        switch (e.getCause()) {
          case RuntimeException failure -> throw failure;
          case Error failure -> throw failure;
          case InterruptedException interrupt -> throw interrupt;
          case null, default -> throw new IllegalStateException("staging a table failed", e);
        }
      }
    }
    return tables;
  }

  private Callable<StagedTable> staging(TableCommitPart part) {
    return () -> {
      part.table().reloadIfBehind();
      requireClockNotBehind(part.table());
      part.table().undoRollback(part.marks());
      Failpoint.SNAPSHOT_DUE.reached();
      StagedTable staged = pointers.prepare(Staging.stage(part));
      Failpoint.SNAPSHOT_STAGED.reached();
      return staged;
    };
  }

  private static void requireClockNotBehind(KnownTable table) {
    Instant last = Instant.ofEpochMilli(table.metadata().lastUpdatedMillis());
    // the clock by which Iceberg stamps what it commits
    Instant now = Clock.systemUTC().instant();
    if (now.plus(LARGEST_SKEW).isBefore(last)) {
      throw new FirnException(
          Kind.REPLICA_UNREACHABLE,
          "this machine's clock says "
              + now.truncatedTo(ChronoUnit.SECONDS)
              + ", which is before the last commit to Iceberg table "
              + table.id()
              + " ("
              + last.truncatedTo(ChronoUnit.SECONDS)
              + "); Iceberg takes no commit from the past",
          "set the clock, or wait until it has caught up");
    }
  }

  /** Reads every table back, and takes those off the list that have the commit. */
  private void removeLanded(String doing, List<TableCommitPart> pending, Backoff backoff)
      throws InterruptedException {
    Failpoint.READ_BACK_DUE.reached();
    for (TableCommitPart part : List.copyOf(pending)) {
      KnownTable table = part.table();
      reload(doing, table, backoff);
      Optional<StagedTable> attempt = table.landed();
      if (attempt.isPresent()) {
        landed(part, attempt.get(), false);
        pending.remove(part);
      } else if (part.marks().sameCommit(table.properties())) {
        throw new FirnException(
            Kind.REPLICA_UNFIT,
            "Iceberg table " + table.id() + " says that it has " + doing + ", but lacks its rows",
            "drop the table, so that Firn makes it anew and loads it");
      }
    }
  }

  private void reload(String doing, KnownTable table, Backoff backoff) throws InterruptedException {
    while (true) {
      try {
        table.reload();
        return;
      } catch (FirnException | LostTableException e) {
        throw e;
      } catch (RuntimeException e) {
        if (!backoff.await()) {
          throw catalog.failures().explain(doing + ", reading table " + table.id() + " back", e);
        }
      }
    }
  }

  private static void landed(TableCommitPart part, StagedTable attempt, boolean newest) {
    part.table().moved(attempt, newest);
    part.committed(part.table().table());
  }
}
