package dev.firn.iceberg;

import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.FirnException.Kind;
import dev.firn.change.position.Frontier;
import dev.firn.change.position.Position;
import dev.firn.change.position.SourceTransaction;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.iceberg.commit.KnownTable;
import dev.firn.iceberg.commit.Marks;
import dev.firn.iceberg.control.TableStatus;
import dev.firn.iceberg.write.TableWriter;
import dev.firn.iceberg.write.WriteLimits;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** One table of the replica: where it stands, and its writer once changes have come. */
final class ReplicatedTable {
  private final TableId id;
  private final KnownTable known;
  private @Nullable TableSchema schema;
  private @Nullable TableWriter writer;
  private Frontier frontier;
  private Optional<Position> position;
  private Optional<Position> horizon;
  private long checkpoint;
  private OptionalLong sourceCommitMicros = OptionalLong.empty();
  private boolean loading;
  private boolean changed;
  private long decidedFor = -1;
  private boolean applies;
  private long changedIn = -1;

  ReplicatedTable(TableId id, KnownTable known) {
    this.id = id;
    this.known = known;
    Marks marks = known.marks();
    this.frontier = marks.frontier().orElseGet(Frontier.NotLoaded::new);
    this.position = marks.position();
    this.horizon =
        Optional.ofNullable(known.properties().get(IcebergReplica.HORIZON)).map(Position::parse);
    this.checkpoint = marks.checkpoint();
  }

  TableId id() {
    return id;
  }

  KnownTable known() {
    return known;
  }

  Frontier frontier() {
    return frontier;
  }

  boolean isLoaded() {
    return !(frontier instanceof Frontier.NotLoaded);
  }

  Optional<Position> position() {
    return position;
  }

  /** A place in the log at or behind everything that the table's initial load showed. */
  Optional<Position> horizon() {
    return horizon;
  }

  TableSchema schema() {
    if (schema == null) {
      throw new IllegalStateException("table " + id + " was not made ready");
    }
    return schema;
  }

  void ready(TableSchema shape) {
    schema = shape;
  }

  boolean isReady() {
    return schema != null;
  }

  /** Whether a transaction's changes are to be applied here; decided once a transaction. */
  boolean applies(SourceTransaction transaction, long serial) {
    if (decidedFor != serial) {
      decidedFor = serial;
      if (loading) {
        throw new IllegalStateException(
            "changes of table " + id + " came while it is being loaded");
      }
      applies =
          position.stream().noneMatch(at -> at.covers(transaction))
              && frontier.applies(transaction);
    }
    return applies;
  }

  /** The writer, opened at the first change. */
  TableWriter writer(TableSchema shape, WriteLimits limits) throws InterruptedException {
    TableSchema mine = schema();
    if (shape != mine && !shape.equals(mine)) {
      throw new FirnException(
          Kind.SCHEMA_CHANGED,
          "table " + id + " has another shape than its replica was opened with",
          "start Firn again");
    }
    if (writer == null) {
      writer = TableWriter.open(known.table(), mine, limits);
    }
    changed = true;
    return writer;
  }

  boolean changed() {
    return changed;
  }

  @Nullable TableWriter writer() {
    return writer;
  }

  void beginLoad() {
    if (loading || changed) {
      throw new IllegalStateException("table " + id + " is being loaded or has changes pending");
    }
    loading = true;
    closeWriter();
  }

  void endLoad() {
    loading = false;
  }

  /** The load is committed: its writer goes on with the changes. */
  void loaded(TableWriter filled, Frontier reached, Position behind, Position at, long id) {
    writer = filled;
    frontier = reached;
    horizon = Optional.of(behind);
    committed(at, id);
  }

  /** It takes part no longer, and its leaving is committed. */
  void left(long id) {
    frontier = new Frontier.NotLoaded();
    checkpoint = id;
  }

  /**
   * What it holds is of a former source table of its name, or of a former time in the publication.
   * Its properties say so until it is loaded again, by their source id.
   */
  void isAnotherAtTheSource() {
    frontier = new Frontier.NotLoaded();
  }

  void committed(Position at, long id) {
    position = Optional.of(at);
    checkpoint = id;
    changed = false;
  }

  /** Notes a change in the transaction of that serial number; whether it is the first there. */
  boolean changesFirstIn(long serial) {
    boolean first = changedIn != serial;
    changedIn = serial;
    return first;
  }

  /** The source committed its last change at this time. */
  void sourceCommittedAt(long micros) {
    sourceCommitMicros = OptionalLong.of(micros);
  }

  /** How it stands once a commit with these marks is made; empty where none is. */
  TableStatus status(Optional<Marks> committing) {
    return new TableStatus(
        id,
        !(committing.flatMap(Marks::frontier).orElse(frontier) instanceof Frontier.NotLoaded),
        committing.map(Marks::checkpoint).orElse(checkpoint),
        committing.flatMap(Marks::position).or(() -> position),
        sourceCommitMicros);
  }

  void closeWriter() {
    if (writer != null) {
      writer.close();
      writer = null;
    }
    changed = false;
  }
}
