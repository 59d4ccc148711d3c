package dev.firn.iceberg;

import dev.firn.change.ChangeSink;
import dev.firn.change.PipelineEvent;
import dev.firn.change.PipelineEvent.TableWritten;
import dev.firn.change.SourceReader;
import dev.firn.change.fault.Failpoint;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Frontier;
import dev.firn.change.position.Position;
import dev.firn.change.position.SourceTransaction;
import dev.firn.change.row.Row;
import dev.firn.change.table.TableSchema;
import dev.firn.config.CatalogConfig;
import dev.firn.config.ReplicateConfig;
import dev.firn.config.TableSettings;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import dev.firn.iceberg.commit.KnownTable;
import dev.firn.iceberg.commit.LostTableException;
import dev.firn.iceberg.commit.Marks;
import dev.firn.iceberg.commit.ReplicaCommits;
import dev.firn.iceberg.commit.TableCommitPart;
import dev.firn.iceberg.control.ControlTable;
import dev.firn.iceberg.control.TableStatus;
import dev.firn.iceberg.control.Tenure;
import dev.firn.iceberg.maintenance.SnapshotExpiry;
import dev.firn.iceberg.schema.IcebergTables;
import dev.firn.iceberg.write.TableDelta;
import dev.firn.iceberg.write.TableWriter;
import dev.firn.iceberg.write.WriteLimits;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The replica in Iceberg: takes a source's transactions and turns them into checkpoints, each of
 * which moves all changed tables and the control table from one position to the next.
 *
 * <p>States: opened (the epoch is claimed, every table fenced, positions read) → tables made ready
 * by {@link #ensureTable} → {@link #attach}ed to the source → loads, then changes → closed. After a
 * failed change or commit nothing is taken any more; a new start reads back where the replica
 * stands.
 *
 * <p>Changes come from one thread at a time. Loads of different tables may run on threads of their
 * own.
 */
public final class IcebergReplica implements ChangeSink, AutoCloseable {
  /** Table property: a place in the log at or behind everything that the initial load showed. */
  static final String HORIZON = "firn.horizon";

  private static final Logger LOG = LoggerFactory.getLogger(IcebergReplica.class);

  private final ReplicaCatalog catalog;
  private final ReplicateConfig config;
  private final ReplicaLimits limits;
  private final WriteLimits writing;
  private final PipelineEvent.Listener listener;
  private final Clock clock;
  private final ReplicaCommits commits;
  private final ControlTable control;
  private final SnapshotExpiry expiry;
  private final String daemon;
  private final long epoch;

  private final ReentrantLock lock = new ReentrantLock();
  private final ReplicaTables tables;
  private final List<Consumer<Position>> checkpointListeners = new CopyOnWriteArrayList<>();

  private long lastCheckpoint;
  private Optional<Position> recorded;
  private Optional<Position> reached;

  /** From here on checkpoints show one state: no table, and no load, was further. */
  private Optional<Position> oneStateFrom = Optional.empty();

  private long sourceTimeMicros;

  private @Nullable SourceTransaction transaction;
  private long transactionSerial;
  private boolean transactionIsHeld;
  private final List<ReplicatedTable> changedTables = new ArrayList<>();
  private long rowsSince;
  private long bytesSince;
  private long transactionsSince;
  private Instant lastCheckpointAt;
  private Instant lastStatusAt = Instant.MIN;
  private Instant lastLookAt;
  private int nextToExpire;
  private boolean failed;

  private @Nullable TableSchema lastSchema;
  private @Nullable ReplicatedTable lastTable;

  private IcebergReplica(
      ReplicaCatalog catalog,
      ReplicateConfig config,
      ReplicaLimits limits,
      PipelineEvent.Listener listener,
      Clock clock,
      Tenure tenure)
      throws InterruptedException {
    this.catalog = catalog;
    this.daemon = tenure.open();
    this.config = config;
    this.limits = limits;
    this.writing = WriteLimits.DEFAULT.withMaxRowBytes(config.maxRowBytes());
    this.listener = listener;
    this.clock = clock;
    this.commits = new ReplicaCommits(catalog);
    this.expiry = new SnapshotExpiry(clock);
    this.control = ControlTable.open(catalog, config.formatVersion());
    this.epoch = control.claim(commits, daemon, tenure);
    Failpoint.EPOCH_CLAIMED.reached();
    this.tables = new ReplicaTables(catalog, config.formatVersion(), commits, control, daemon);
    tables.open();
    tables.all().forEach(this::opened);
    Marks marks = control.marks();
    this.lastCheckpoint = Math.max(lastCheckpoint, marks.checkpoint());
    this.recorded = marks.position();
    this.reached = recorded;
    this.lastCheckpointAt = clock.instant();
    this.lastLookAt = lastCheckpointAt;
    this.sourceTimeMicros = control.sourceCommitMicros();
  }

  /**
   * Opens the replica and takes it over from any other daemon. A new one is made.
   *
   * @param listener told of loads and checkpoints
   * @param tenure of this process; one for all its openings
   * @throws FirnException of kind REPLICA_UNREACHABLE where catalog or bucket do not work,
   *     REPLICA_UNFIT where a table is not what Firn left, FENCED where yet another daemon takes
   *     the replica over at the same moment, or has taken it over from this process
   */
  public static IcebergReplica open(
      CatalogConfig catalogConfig,
      ReplicateConfig config,
      ReplicaLimits limits,
      PipelineEvent.Listener listener,
      Clock clock,
      Tenure tenure)
      throws InterruptedException {
    ReplicaCatalog catalog = ReplicaCatalog.open(catalogConfig);
    try {
      return new IcebergReplica(catalog, config, limits, listener, clock, tenure);
    } catch (RuntimeException e) {
      RuntimeException failure = failure(catalog, "opening the replica", e);
      try {
        catalog.close();
      } catch (RuntimeException suppressed) {
        failure.addSuppressed(suppressed);
      }
      throw failure;
    }
  }

  /**
   * For people; a table that others dropped or replaced meanwhile only has to be looked at anew.
   */
  private static RuntimeException failure(
      ReplicaCatalog catalog, String doing, RuntimeException exception) {
    return exception instanceof LostTableException lost
        ? new SourceReader.OutdatedStartException(lost.what())
        : catalog.failures().explain(doing, exception);
  }

  private void opened(ReplicatedTable table) {
    lastCheckpoint = Math.max(lastCheckpoint, table.known().marks().checkpoint());
    table.position().ifPresent(this::isMixedUpTo);
    table.horizon().ifPresent(this::isMixedUpTo);
  }

  private void isMixedUpTo(Position position) {
    if (oneStateFrom.isEmpty() || position.isAtOrAfter(oneStateFrom.get())) {
      oneStateFrom = Optional.of(position);
    }
  }

  /** The epoch of this daemon. */
  public long epoch() {
    return epoch;
  }

  /** The recorded position, where the source must go on from; empty for a new replica. */
  public Optional<Position> position() {
    lock.lock();
    try {
      return recorded;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The furthest position that the replica or any of its tables has; empty for a new replica. How
   * far a load saw does not count: its frontier tells what it showed.
   */
  public Optional<Position> furthest() {
    lock.lock();
    try {
      return Stream.concat(
              recorded.stream(), tables.all().stream().flatMap(t -> t.position().stream()))
          .reduce((a, b) -> a.isAtOrAfter(b) ? a : b);
    } finally {
      lock.unlock();
    }
  }

  /**
   * The furthest place in the log of which the replica can hold anything, also by a load; empty for
   * a new replica. A source whose log never was there is not the one that the replica was made of.
   */
  public Optional<Position> furthestShown() {
    lock.lock();
    try {
      return Stream.concat(furthest().stream(), oneStateFrom.stream())
          .reduce((a, b) -> a.isAtOrAfter(b) ? a : b);
    } finally {
      lock.unlock();
    }
  }

  /** What {@link #attach} recorded of the source's identity last; empty for a new replica. */
  public Optional<String> sourceIdentity() {
    lock.lock();
    try {
      return control.source();
    } finally {
      lock.unlock();
    }
  }

  /** The source's clock at the recorded position, microseconds since 1970 UTC; 0 where unknown. */
  public long sourceCommitMicros() {
    lock.lock();
    try {
      return control.sourceCommitMicros();
    } finally {
      lock.unlock();
    }
  }

  /** Told, on the committing thread, of each position that is durable. */
  public void addCheckpointListener(Consumer<Position> durable) {
    checkpointListeners.add(durable);
  }

  /**
   * Makes a table ready for its load or its changes; creates it where it is missing.
   *
   * @return how much of it is loaded
   * @throws FirnException of kind REPLICA_UNFIT where the Iceberg table is none of ours,
   *     SCHEMA_CHANGED where the source's shape is not the replica's, CONFIGURATION where the
   *     settings do not fit
   */
  public Frontier ensureTable(TableSchema schema, TableSettings settings)
      throws InterruptedException {
    lock.lock();
    try {
      ReplicatedTable table = tables.ensure(schema, settings);
      opened(table);
      return table.frontier();
    } catch (RuntimeException e) {
      throw failure(catalog, "making table " + schema.id() + " ready", e);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Says that the tables made ready are all that take part from here on: the others miss what comes
   * now, so they count as not loaded, and are loaded anew when they come back. To be called before
   * any position moves on without them; their rows stay.
   */
  public void forgetOtherTables() throws InterruptedException {
    lock.lock();
    try {
      requireUsable();
      Position position =
          recorded.orElseThrow(() -> new IllegalStateException("attach the source first"));
      long checkpoint = lastCheckpoint + 1;
      List<ReplicatedTable> others =
          tables.all().stream().filter(table -> !table.isReady() && table.isLoaded()).toList();
      if (others.isEmpty()) {
        return;
      }
      List<TableCommitPart> parts = new ArrayList<>();
      for (ReplicatedTable table : others) {
        LOG.info(
            "table {} is no longer mirrored: its rows stay as they are, and should it come back it"
                + " is loaded again",
            table.id());
        Marks marks =
            new Marks(
                epoch, daemon, checkpoint, table.position(), Optional.of(new Frontier.NotLoaded()));
        parts.add(new LeavingPart(table.known(), marks));
      }
      record(position, parts, Optional.empty());
      others.forEach(table -> table.left(checkpoint));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Ties the replica to a source. Where that is new or has changed, it is recorded at once.
   *
   * @param identity who the source is, as it says itself; given back by {@link #sourceIdentity}
   * @param origin where a new replica begins: the source keeps its log from here on
   */
  public void attach(String identity, Position origin) throws InterruptedException {
    lock.lock();
    try {
      boolean known = control.source().equals(Optional.of(identity));
      if (known && recorded.isPresent()) {
        return;
      }
      Position position = recorded.orElse(origin);
      reached = Optional.of(position);
      record(position, List.of(), Optional.of(identity));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Begins a table's load, from empty whatever the table holds. Until it is committed, readers see
   * the table as it was. No changes of the table may come in the meantime.
   */
  public TableLoad beginLoad(TableSchema schema) throws InterruptedException {
    lock.lock();
    try {
      requireUsable();
      ReplicatedTable table = table(schema);
      table.beginLoad();
      boolean begun = false;
      try {
        TableWriter writer = TableWriter.open(table.known().table(), table.schema(), writing);
        if (table.known().snapshotId().isPresent()) {
          writer.truncate();
        }
        begun = true;
        return new TableLoad(this, table, writer);
      } catch (RuntimeException e) {
        throw failure(table, e);
      } finally {
        if (!begun) {
          table.endLoad();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  void commitLoad(
      ReplicatedTable table,
      TableWriter writer,
      Frontier frontier,
      Position horizon,
      long rows,
      long startedNanos)
      throws InterruptedException {
    TableDelta delta = prepare(table, writer);
    Failpoint.LOAD_COPIED.reached();
    lock.lock();
    try {
      requireUsable();
      Position position =
          recorded.orElseThrow(() -> new IllegalStateException("attach the source first"));
      isMixedUpTo(horizon);
      long checkpoint = lastCheckpoint + 1;
      Marks marks = marks(checkpoint, position, Optional.of(frontier));
      record(
          position,
          List.of(
              new WriterPart(table.known(), writer, delta, marks, loadProperties(table, horizon))),
          Optional.empty());
      table.loaded(writer, frontier, horizon, position, checkpoint);
      table.endLoad();
      Failpoint.LOAD_COMMITTED.reached();
      listener.on(
          new PipelineEvent.TableLoaded(
              table.id(), rows, Duration.ofNanos(System.nanoTime() - startedNanos)));
    } finally {
      lock.unlock();
    }
  }

  private static Map<String, String> loadProperties(ReplicatedTable table, Position horizon) {
    return Map.of(
        HORIZON,
        horizon.toText(),
        IcebergTables.SOURCE_ID_PROPERTY,
        IcebergTables.sourceId(table.schema()));
  }

  void abandonLoad(ReplicatedTable table, TableWriter writer) {
    lock.lock();
    try {
      // a commit whose outcome is not known may have landed: its files stay
      if (!failed) {
        writer.close();
      }
      table.endLoad();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void begin(SourceTransaction begun) {
    lock.lock();
    try {
      requireUsable();
      if (transaction != null) {
        throw new IllegalStateException(begun + " begins within " + transaction);
      }
      if (recorded.isEmpty()) {
        throw new IllegalStateException("attach the source first");
      }
      transaction = begun;
      transactionSerial++;
      transactionIsHeld = recorded.get().covers(begun);
      changedTables.clear();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean wants(TableSchema schema) {
    return applies(table(schema));
  }

  @Override
  public void insert(TableSchema schema, Row after) throws InterruptedException {
    change(schema, after.sizeBytes(), writer -> writer.insert(after));
  }

  @Override
  public void update(TableSchema schema, Row before, Row after) throws InterruptedException {
    change(schema, after.sizeBytes(), writer -> writer.update(before, after));
  }

  @Override
  public void delete(TableSchema schema, Row before) throws InterruptedException {
    change(schema, before.sizeBytes(), writer -> writer.delete(before));
  }

  @Override
  public void truncate(List<TableSchema> schemas) throws InterruptedException {
    for (TableSchema schema : schemas) {
      change(schema, 0, TableWriter::truncate);
    }
  }

  /** What happens to a table's rows. */
  @FunctionalInterface
  private interface RowChange {
    void applyTo(TableWriter writer) throws InterruptedException;
  }

  private void change(TableSchema schema, int bytes, RowChange change) throws InterruptedException {
    ReplicatedTable table = table(schema);
    if (!applies(table)) {
      return;
    }
    boolean whole = true;
    try {
      TableWriter writer = table.writer(schema, writing);
      whole = false;
      change.applyTo(writer);
      whole = true;
    } catch (RuntimeException e) {
      throw failure(table, e);
    } finally {
      // what a change that broke off has left in the writer is not to be committed
      failed |= !whole;
    }
    changed(table, bytes);
  }

  /** The failure behind an exception out of a table's writer, for people. */
  RuntimeException failure(ReplicatedTable table, RuntimeException exception) {
    return catalog.failures().explain("writing table " + table.id(), exception);
  }

  private boolean applies(ReplicatedTable table) {
    if (transaction == null) {
      throw new IllegalStateException("a change of " + table.id() + " outside a transaction");
    }
    return !transactionIsHeld && table.applies(transaction, transactionSerial);
  }

  private void changed(ReplicatedTable table, int bytes) {
    Failpoint.TRANSACTION_OPEN.reached();
    rowsSince++;
    bytesSince += bytes;
    if (table.changesFirstIn(transactionSerial)) {
      changedTables.add(table);
    }
  }

  private ReplicatedTable table(TableSchema schema) {
    if (schema == lastSchema && lastTable != null) {
      return lastTable;
    }
    ReplicatedTable table = tables.get(schema.id());
    if (table == null || !table.isReady()) {
      throw new IllegalStateException("table " + schema.id() + " was not made ready");
    }
    lastSchema = schema;
    lastTable = table;
    return table;
  }

  @Override
  public void commit(Position end, long commitTimeMicros) throws InterruptedException {
    lock.lock();
    try {
      requireUsable();
      if (transaction == null) {
        throw new IllegalStateException("a commit at " + end.toText() + " without a transaction");
      }
      transaction = null;
      sourceTimeMicros = Math.max(sourceTimeMicros, commitTimeMicros);
      advance(end);
      if (!changedTables.isEmpty()) {
        transactionsSince++;
        changedTables.forEach(table -> table.sourceCommittedAt(commitTimeMicros));
      }
      lookAtOthersIfDue();
      checkpointIfDue();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void idle(Position position, long seenTimeMicros) throws InterruptedException {
    lock.lock();
    try {
      requireUsable();
      if (transaction != null) {
        throw new IllegalStateException("idle at " + position.toText() + " within " + transaction);
      }
      sourceTimeMicros = Math.max(sourceTimeMicros, seenTimeMicros);
      advance(position);
      lookAtOthersIfDue();
      checkpointIfDue();
    } finally {
      lock.unlock();
    }
  }

  private void advance(Position position) {
    if (reached.isEmpty() || position.isAtOrAfter(reached.get())) {
      reached = Optional.of(position);
    }
  }

  private void checkpointIfDue() throws InterruptedException {
    ReplicateConfig.Checkpoint rule = config.checkpoint();
    if (rowsSince >= rule.maxRows() || bytesSince >= rule.maxBytes()) {
      checkpoint();
      return;
    }
    if (reached.equals(recorded) && rowsSince == 0) {
      return;
    }
    // Tables that are ahead, after a crash between two tables' commits or a load, are caught up
    // with before the next checkpoint, so that it shows one state.
    if (isBehindItsTables()) {
      return;
    }
    Duration wait = rowsSince > 0 ? rule.every() : limits.idleEvery();
    if (!clock.instant().isBefore(lastCheckpointAt.plus(wait))) {
      checkpoint();
    }
  }

  private boolean isBehindItsTables() {
    return oneStateFrom.isPresent()
        && reached.stream().noneMatch(at -> at.isAtOrAfter(oneStateFrom.get()));
  }

  /**
   * Makes a checkpoint at the last transaction boundary, where there is anything that is not
   * recorded yet.
   *
   * @throws IllegalStateException within a transaction
   */
  public void checkpointNow() throws InterruptedException {
    lock.lock();
    try {
      requireUsable();
      if (transaction != null) {
        throw new IllegalStateException("a checkpoint was asked for within " + transaction);
      }
      if (rowsSince > 0 || !reached.equals(recorded)) {
        checkpoint();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes a checkpoint of all that came before the open transaction, which is given up: for a
   * source that cannot go on. Where changes of that transaction were taken already they are not to
   * be told from the earlier ones; then nothing is written, and the next start reads the log again.
   * So it is where writing has failed before.
   */
  public void checkpointBeforeOpenTransaction() throws InterruptedException {
    lock.lock();
    try {
      if (!failed && (transaction == null || changedTables.isEmpty())) {
        transaction = null;
        checkpointNow();
      }
    } finally {
      lock.unlock();
    }
  }

  private void checkpoint() throws InterruptedException {
    long startedNanos = System.nanoTime();
    Position position = reached.orElseThrow();
    long id = lastCheckpoint + 1;
    List<WriterPart> parts = new ArrayList<>();
    List<ReplicatedTable> written = new ArrayList<>();
    List<TableWritten> events = new ArrayList<>();
    for (ReplicatedTable table : tables.all()) {
      TableWriter writer = table.writer();
      if (!table.changed() || writer == null) {
        continue;
      }
      TableDelta delta = prepare(table, writer);
      events.add(delta.written());
      written.add(table);
      // where what happened there cancelled out, the writer has nothing to be told of
      if (!delta.isEmpty()) {
        Marks marks = marks(id, position, Optional.of(table.frontier()));
        parts.add(new WriterPart(table.known(), writer, delta, marks, Map.of()));
      }
    }
    record(position, parts, Optional.empty());
    written.forEach(table -> table.committed(position, id));
    long transactions = transactionsSince;
    rowsSince = 0;
    bytesSince = 0;
    transactionsSince = 0;
    listener.on(
        new PipelineEvent.Checkpointed(
            id,
            position,
            transactions,
            sourceTimeMicros,
            Duration.ofNanos(System.nanoTime() - startedNanos),
            events));
    maintain();
  }

  private TableDelta prepare(ReplicatedTable table, TableWriter writer)
      throws InterruptedException {
    boolean done = false;
    try {
      TableDelta delta = writer.prepare();
      done = true;
      return delta;
    } catch (RuntimeException e) {
      throw failure(table, e);
    } finally {
      failed |= !done;
    }
  }

  private Marks marks(long checkpoint, Position position, Optional<Frontier> frontier) {
    return new Marks(epoch, daemon, checkpoint, Optional.of(position), frontier);
  }

  /** Commits tables and control table together; afterwards the position is durable. */
  private void record(
      Position position, List<? extends TableCommitPart> parts, Optional<String> identity)
      throws InterruptedException {
    long id = lastCheckpoint + 1;
    Instant now = clock.instant();
    boolean statusDue = !now.isBefore(lastStatusAt.plus(limits.statusEvery()));
    boolean completed = oneStateFrom.isEmpty() || position.isAtOrAfter(oneStateFrom.get());
    Optional<List<TableStatus>> rows =
        statusDue
            ? Optional.of(tables.all().stream().map(table -> status(table, parts)).toList())
            : Optional.empty();
    ControlTable.Entry entry =
        new ControlTable.Entry(
            marks(id, position, Optional.empty()),
            completed,
            sourceTimeMicros,
            identity,
            tables.unrecorded(),
            parts.stream()
                .map(part -> IcebergTables.source(part.table().id()))
                .collect(Collectors.toSet()),
            rows);
    List<TableCommitPart> all = new ArrayList<>(parts);
    all.add(control.part(entry, ChronoUnit.MICROS.between(Instant.EPOCH, now)));
    boolean done = false;
    try {
      commits.commit("checkpoint " + id, all);
      done = true;
    } catch (LostTableException e) {
      throw toBeLoadedAgain(e);
    } finally {
      failed |= !done;
    }
    Failpoint.POSITION_RECORDED.reached();
    lastCheckpoint = id;
    lastCheckpointAt = clock.instant();
    if (statusDue) {
      lastStatusAt = now;
    }
    tables.recorded();
    recorded = Optional.of(position);
    checkpointListeners.forEach(durable -> durable.accept(position));
  }

  /** The next session finds out by itself which table it is, before any position moves on. */
  private RuntimeException toBeLoadedAgain(LostTableException lost) {
    failed = true;
    return lost.table() == control.table()
        ? new FirnException(
            FirnException.Kind.REPLICA_UNFIT,
            lost.what(),
            "load the replica again: drop its tables in the catalog and the slot, run firn setup,"
                + " and start")
        : new SourceReader.OutdatedStartException(lost.what());
  }

  /**
   * Others may have done something to a table that gets no changes, and so no commit for long: each
   * is looked at about once a minute.
   */
  private void lookAtOthersIfDue() throws InterruptedException {
    Instant now = clock.instant();
    if (now.isBefore(lastLookAt.plus(limits.lookEvery()))) {
      return;
    }
    lastLookAt = now;
    Map<KnownTable, Marks> known = new LinkedHashMap<>();
    for (ReplicatedTable table : tables.all()) {
      if (table.isReady() && table.isLoaded()) {
        known.put(
            table.known(),
            new Marks(
                epoch, daemon, lastCheckpoint, table.position(), Optional.of(table.frontier())));
      }
    }
    try {
      commits.followOthers(known);
    } catch (LostTableException e) {
      throw toBeLoadedAgain(e);
    } catch (FirnException e) {
      failed = true;
      throw e;
    } catch (RuntimeException | SQLException e) {
      // The next commit meets it, or the next look does.
      LOG.warn("looking at what others did to the tables failed, to be tried again", e);
    }
  }

  private static TableStatus status(ReplicatedTable table, List<? extends TableCommitPart> parts) {
    return table.status(
        parts.stream()
            .filter(part -> part.table() == table.known())
            .<Marks>map(TableCommitPart::marks)
            .findFirst());
  }

  /** One table's old snapshots, or none's, so that no checkpoint pays for all. */
  private void maintain() {
    try {
      if (expiry.expire(control.table(), limits.controlSnapshots()) || tables.all().isEmpty()) {
        return;
      }
      List<ReplicatedTable> all = List.copyOf(tables.all());
      for (int i = 0; i < all.size(); i++) {
        nextToExpire = (nextToExpire + 1) % all.size();
        if (expiry.expire(all.get(nextToExpire).known(), limits.tableSnapshots())) {
          return;
        }
      }
    } catch (RuntimeException e) {
      // The checkpoint stands. What could not be expired is tried again after the next ones.
      LOG.warn("expiring old snapshots failed, to be tried again", e);
    }
  }

  private void requireUsable() {
    if (failed) {
      throw new IllegalStateException(
          "writing failed before; where the replica stands is read at the next start");
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      // a commit whose outcome is not known may have landed: its files stay
      if (!failed) {
        tables.all().forEach(ReplicatedTable::closeWriter);
      }
      catalog.close();
    } finally {
      lock.unlock();
    }
  }
}
