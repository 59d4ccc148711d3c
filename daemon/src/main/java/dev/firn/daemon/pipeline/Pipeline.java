package dev.firn.daemon.pipeline;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.postgres.PostgresDoctor;
import dev.firn.cdc.postgres.PostgresLoader;
import dev.firn.cdc.postgres.SourceCatalog;
import dev.firn.cdc.postgres.SourceTable;
import dev.firn.cdc.postgres.SourceTables;
import dev.firn.cdc.slot.LogEnd;
import dev.firn.cdc.slot.SlotCheck;
import dev.firn.cdc.slot.Slots;
import dev.firn.cdc.stream.PostgresStream;
import dev.firn.change.PipelineEvent;
import dev.firn.change.SourceReader;
import dev.firn.change.TableLoader;
import dev.firn.change.fault.Failpoint;
import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.FirnException.Kind;
import dev.firn.change.health.Check;
import dev.firn.change.position.Frontier;
import dev.firn.change.position.Position;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.FirnConfig;
import dev.firn.iceberg.IcebergReplica;
import dev.firn.iceberg.ReplicaLimits;
import dev.firn.iceberg.TableLoad;
import dev.firn.iceberg.catalog.ReplicaDoctor;
import dev.firn.iceberg.control.Tenure;
import dev.firn.iceberg.read.ReplicaState;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Mirrors one source into one replica from the first check to the end.
 *
 * <p>{@link #run} does the work on the caller's thread, through the states of {@link
 * PipelineState}. Where source or replica stops answering after they have once worked, the whole
 * session is built anew: the slot is verified again and the replica says again where it stands. Any
 * other failure ends the run at once, with the position kept.
 */
public final class Pipeline {
  private static final Logger LOG = LoggerFactory.getLogger(Pipeline.class);

  /** How long transactions that are older than a first copy are waited for. */
  private static final Duration BARRIER_TIMEOUT = Duration.ofMinutes(1);

  private static final long PROGRESS_EVERY_ROWS = 10_000;

  /**
   * How a lost connection is taken up again.
   *
   * @param first the bound of the first wait
   * @param cap the bound of every wait
   * @param giveUpAfter the run fails when nothing has worked for so long
   */
  public record Patience(Duration first, Duration cap, Duration giveUpAfter) {
    /** For a daemon: up to 30 s between attempts, 15 minutes in all. */
    public static final Patience DEFAULT =
        new Patience(Duration.ofMillis(500), Duration.ofSeconds(30), Duration.ofMinutes(15));
  }

  private final FirnConfig config;
  private final PipelineEvent.Listener listener;
  private final Clock clock;
  private final PostgresConnections connections;
  private final Tenure tenure = new Tenure();
  private final Reconnects reconnects;
  private final Patience patience;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final Object lock = new Object();
  private PipelineState state = PipelineState.CREATED;
  private @Nullable SourceReader reader;
  private boolean hasWorked;

  /** A pipeline, not started; the listener hears its events on several threads. */
  public Pipeline(
      FirnConfig config, PipelineEvent.Listener listener, Clock clock, Patience patience) {
    this.config = config;
    this.listener = listener;
    this.clock = clock;
    this.connections = new PostgresConnections(config.source());
    this.patience = patience;
    this.reconnects = new Reconnects(patience.first(), patience.cap(), patience.giveUpAfter());
  }

  /** Where the pipeline is. Thread-safe. */
  public PipelineState state() {
    synchronized (lock) {
      return state;
    }
  }

  /**
   * Mirrors until {@link #stop} is called or something fails.
   *
   * @throws FirnException with its kind, where a person has to act
   */
  public void run() throws InterruptedException {
    boolean ended = false;
    try {
      to(PipelineState.CHECKING);
      check();
      while (!stopped()) {
        try {
          session();
        } catch (StopRequestedException e) {
          LOG.info("stopped in the middle of a first copy, which begins again at the next start");
        } catch (SourceReader.OutdatedStartException e) {
          LOG.warn("{}; all tables are looked at anew", e.getMessage());
          if (!stopped()) {
            to(PipelineState.RECONNECTING);
          }
        } catch (FirnException e) {
          reconnectAfter(e);
        }
      }
      to(PipelineState.STOPPED);
      ended = true;
    } finally {
      if (!ended) {
        to(PipelineState.FAILED);
      }
    }
  }

  /** Ends {@link #run} after the checkpoint in hand. Thread-safe, returns at once. */
  public void stop() {
    stop.countDown();
    synchronized (lock) {
      if (reader != null) {
        reader.stop();
      }
    }
  }

  private boolean stopped() {
    return stop.getCount() == 0;
  }

  /** Refuses, before anything is written, what cannot work. */
  private void check() {
    SourceTables tables = new SourceCatalog(connections, config).read();
    tables.requireUsable();
    requireNoneFailed(
        new PostgresDoctor(connections, config).checkBeforeStart(members(tables)),
        Kind.SOURCE_UNFIT);
    requireNoneFailed(ReplicaDoctor.check(config.catalog()), Kind.REPLICA_UNREACHABLE);
  }

  /** The tables of a replica that exists, where it matters for these: only then is it asked. */
  private Optional<Set<TableId>> members(SourceTables tables) {
    return tables.anyNew()
        ? ReplicaState.read(config.catalog(), List.of())
            .filter(state -> state.position().isPresent())
            .map(ReplicaState::members)
        : Optional.empty();
  }

  private static void requireNoneFailed(List<Check> checks, Kind kind) {
    List<Check> failed = checks.stream().filter(c -> c.outcome() == Check.Outcome.FAILED).toList();
    if (!failed.isEmpty()) {
      throw new FirnException(
          kind,
          failed.stream().map(c -> c.name() + ": " + c.detail()).collect(Collectors.joining("; ")),
          failed.stream().map(Check::mend).distinct().collect(Collectors.joining("; ")));
    }
  }

  private void session() throws InterruptedException {
    to(PipelineState.OPENING);
    SourceTables all = new SourceCatalog(connections, config).read();
    SourceTables tables = members(all).map(all::leavingOutNew).orElse(all);
    tables.requireUsable();
    for (SourceTable.Refused refused : tables.refused()) {
      LOG.warn("table {}: not mirrored: {}; {}", refused.id(), refused.why(), refused.mend());
    }
    for (SourceTable.Mirrored table : tables.mirrored()) {
      table.notes().forEach(note -> LOG.info("table {} {}", table.id(), note));
      ReaderLimits.of(table.schema(), config.replicate().readers())
          .forEach(limit -> LOG.warn("table {} {}", table.id(), limit));
    }
    try (IcebergReplica replica =
        IcebergReplica.open(
            config.catalog(), config.replicate(), ReplicaLimits.DEFAULT, listener, clock, tenure)) {
      // A slot is made for a new replica alone. For an old one a missing slot is lost log.
      Position from =
          replica
              .position()
              .orElseGet(() -> new Slots(config.source(), connections).createIfMissing());
      Failpoint.SLOT_MADE.reached();
      String identity =
          new SlotCheck(config.source(), connections)
              .verify(from, replica.furthestShown().orElse(from), replica.sourceIdentity());
      replica.attach(identity, from);
      Failpoint.SOURCE_ATTACHED.reached();
      List<TableSchema> toLoad = new ArrayList<>();
      for (SourceTable.Mirrored table : tables.mirrored()) {
        switch (replica.ensureTable(table.schema(), table.settings())) {
          case Frontier.NotLoaded _ -> toLoad.add(table.schema());
          case Frontier.LoadedAt _ -> {}
        }
      }
      replica.forgetOtherTables();
      hasWorked = true;
      load(replica, toLoad);
      stream(replica, tables.schemas());
    }
  }

  private void load(IcebergReplica replica, List<TableSchema> tables) throws InterruptedException {
    if (tables.isEmpty()) {
      return;
    }
    to(PipelineState.LOADING);
    PostgresLoader loader =
        new PostgresLoader(connections, BARRIER_TIMEOUT, config.replicate().maxRowBytes());
    for (TableSchema table : tables) {
      if (stopped()) {
        throw new StopRequestedException();
      }
      LOG.info("table {}: first copy begins", table.id());
      try (TableLoader.View view = loader.open(table);
          TableLoad load = replica.beginLoad(table)) {
        listener.on(new PipelineEvent.LoadProgress(table.id(), 0, view.estimatedRows()));
        view.copy(row -> {
          if (stopped()) {
            throw new StopRequestedException();
          }
          load.row(row);
          if (load.rows() % PROGRESS_EVERY_ROWS == 0) {
            listener.on(
                new PipelineEvent.LoadProgress(table.id(), load.rows(), view.estimatedRows()));
          }
        });
        load.commit(view.frontier(), new LogEnd(connections).read());
      }
      reconnects.worked();
    }
  }

  private void stream(IcebergReplica replica, List<TableSchema> tables)
      throws InterruptedException {
    Position recorded = replica.position().orElseThrow();
    try (PostgresStream stream =
        new PostgresStream(
            config.source(), config.replicate().maxRowBytes(), connections, this::streamed)) {
      synchronized (lock) {
        reader = stream;
      }
      try {
        replica.addCheckpointListener(durable -> {
          stream.acknowledge(durable);
          reconnects.worked();
        });
        if (stopped()) {
          to(PipelineState.STOPPING);
          return;
        }
        to(PipelineState.STREAMING);
        listener.on(
            new PipelineEvent.StreamingBegun(
                tables.stream().map(TableSchema::id).toList(), replica.sourceCommitMicros()));
        stream.run(
            new SourceReader.Start(tables, recorded, replica.furthest().orElse(recorded)), replica);
      } catch (FirnException e) {
        if (e.kind() == Kind.SCHEMA_CHANGED
            || e.kind() == Kind.UNREPRESENTABLE_VALUE
            || e.kind() == Kind.ROW_TOO_LARGE) {
          recordUpTo(e, replica);
        }
        throw e;
      } finally {
        synchronized (lock) {
          reader = null;
        }
      }
      to(PipelineState.STOPPING);
      replica.checkpointNow();
      Failpoint.STOPPED.reached();
    }
  }

  /** The replica was opened and the source gives changes: both work. */
  private void streamed(PipelineEvent event) {
    if (event instanceof PipelineEvent.StreamedTo) {
      reconnects.worked();
    }
    listener.on(event);
  }

  /** A source that stops at a change keeps what came before it from waiting for the mend. */
  private static void recordUpTo(FirnException stop, IcebergReplica replica)
      throws InterruptedException {
    try {
      replica.checkpointBeforeOpenTransaction();
    } catch (RuntimeException e) {
      stop.addSuppressed(e);
    }
  }

  private void reconnectAfter(FirnException failure) throws InterruptedException {
    boolean passing =
        switch (failure.kind()) {
          case SOURCE_UNREACHABLE, REPLICA_UNREACHABLE -> true;
          case CONFIGURATION,
              SOURCE_UNFIT,
              REPLICA_UNFIT,
              FENCED,
              POSITION_LOST,
              SCHEMA_CHANGED,
              UNREPRESENTABLE_VALUE,
              ROW_TOO_LARGE,
              DRIFT,
              INCONCLUSIVE ->
              false;
        };
    // What never worked is not worth waiting for: a wrong host name stays wrong.
    if (!passing || !hasWorked || stopped()) {
      throw failure;
    }
    Duration wait = reconnects.failed();
    if (wait.isZero()) {
      throw new FirnException(
          failure.kind(),
          failure.getMessage() + " (given up after " + patience.giveUpAfter().toMinutes() + " min)",
          failure.mend(),
          failure);
    }
    to(PipelineState.RECONNECTING);
    LOG.warn("{}; another attempt in {} ms", failure.getMessage(), wait.toMillis());
    LOG.debug("what was behind it", failure);
    if (Reconnects.await(wait, stop)) {
      LOG.info("stopped while waiting to reconnect");
    }
  }

  private void to(PipelineState next) {
    synchronized (lock) {
      if (!state.next().contains(next)) {
        throw new IllegalStateException("a pipeline goes not from " + state + " to " + next);
      }
      LOG.debug("{} -> {}", state, next);
      state = next;
    }
  }

  /** The stop came in the middle of a copy, which ends there. */
  private static final class StopRequestedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StopRequestedException() {
      super(null, null, false, false);
    }
  }
}
