package dev.firn.cdc.stream;

import dev.firn.change.ChangeSink;
import dev.firn.change.position.Position;
import dev.firn.change.position.PostgresTransaction;
import dev.firn.change.position.SourceTransaction;
import dev.firn.change.row.ArrayValue;
import dev.firn.change.row.Row;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.TableSchema;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Keeps what it is given, as text, and drops what a start position covers. */
final class RecordingSink implements ChangeSink {
  /** A transaction that was committed. */
  record Committed(
      PostgresTransaction transaction, List<String> changes, Position end, long commitMicros) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<Committed> committed = new ArrayList<>();
  private final List<Position> idles = new ArrayList<>();
  private final Position start;
  private long wantedFromXid;
  private Consumer<String> onChange = change -> {};
  private Consumer<Position> onPosition = position -> {};
  private PostgresTransaction open;
  private List<String> changes;

  RecordingSink(Position start) {
    this.start = start;
  }

  /** Drops transactions before this one, as a load that showed them does. */
  RecordingSink wantingFrom(long xid) {
    wantedFromXid = xid;
    return this;
  }

  RecordingSink onChange(Consumer<String> hook) {
    onChange = hook;
    return this;
  }

  RecordingSink onPosition(Consumer<Position> hook) {
    onPosition = hook;
    return this;
  }

  /** Everything committed that the start position does not cover. */
  List<Committed> committed() {
    lock.lock();
    try {
      return List.copyOf(committed);
    } finally {
      lock.unlock();
    }
  }

  /** All changes, flat. */
  List<String> changes() {
    return committed().stream().flatMap(c -> c.changes().stream()).toList();
  }

  List<Position> idles() {
    lock.lock();
    try {
      return List.copyOf(idles);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the predicate holds; fails after a minute. */
  void await(Predicate<RecordingSink> done) throws InterruptedException {
    lock.lock();
    try {
      long nanos = TimeUnit.SECONDS.toNanos(60);
      while (!done.test(this)) {
        if (nanos <= 0) {
          throw new AssertionError("nothing came: " + committed + ", " + idles);
        }
        nanos = changed.awaitNanos(nanos);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void begin(SourceTransaction transaction) {
    if (open != null) {
      throw new AssertionError("begin inside " + open);
    }
    open = (PostgresTransaction) transaction;
    changes = new ArrayList<>();
  }

  @Override
  public boolean wants(TableSchema table) {
    return open.xid() >= wantedFromXid && !start.covers(open);
  }

  private void add(String change) {
    if (open == null) {
      throw new AssertionError(change + " outside a transaction");
    }
    if (open.xid() < wantedFromXid) {
      return;
    }
    onChange.accept(change);
    changes.add(change);
  }

  @Override
  public void insert(TableSchema table, Row after) {
    add("insert " + table.id().name() + " " + text(table, after));
  }

  @Override
  public void update(TableSchema table, Row before, Row after) {
    String key = before == after ? "" : key(table, before) + " -> ";
    add("update " + table.id().name() + " " + key + text(table, after));
  }

  @Override
  public void delete(TableSchema table, Row before) {
    add("delete " + table.id().name() + " " + key(table, before));
  }

  @Override
  public void truncate(List<TableSchema> tables) {
    add("truncate " + tables.stream().map(t -> t.id().name()).sorted().toList());
  }

  @Override
  public void commit(Position end, long commitTimeMicros) {
    lock.lock();
    try {
      if (!start.covers(open)) {
        committed.add(new Committed(open, List.copyOf(changes), end, commitTimeMicros));
      }
      open = null;
      onPosition.accept(end);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void idle(Position position, long seenTimeMicros) {
    if (open != null) {
      throw new AssertionError("idle inside " + open);
    }
    lock.lock();
    try {
      idles.add(position);
      onPosition.accept(position);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  static String key(TableSchema table, Row row) {
    return table.key().stream().map(i -> value(table, row, i)).toList().toString();
  }

  static String text(TableSchema table, Row row) {
    List<String> values = new ArrayList<>();
    for (int i = 0; i < row.columnCount(); i++) {
      values.add(value(table, row, i));
    }
    return values.toString();
  }

  static String value(TableSchema table, Row row, int column) {
    if (row.isNull(column)) {
      return "NULL";
    }
    if (row.isUnchanged(column)) {
      return "UNCHANGED";
    }
    ColumnType type = table.columns().get(column).type();
    if (type instanceof ColumnType.Array of) {
      ArrayValue.Reader reader = new ArrayValue.Reader(row, column);
      List<String> elements = new ArrayList<>();
      while (reader.next()) {
        elements.add(
            reader.isNull()
                ? "NULL"
                : switch (of.element().form()) {
                  case LONG -> longText(of.element(), reader.getLong());
                  case FLOAT -> Float.toString(reader.getFloat());
                  case DOUBLE -> Double.toString(reader.getDouble());
                  case BYTES ->
                      bytesText(
                          of.element(),
                          java.util.Arrays.copyOfRange(
                              reader.array(),
                              reader.bytesOffset(),
                              reader.bytesOffset() + reader.bytesLength()));
                });
      }
      return elements.toString();
    }
    return switch (type.form()) {
      case LONG -> longText(type, row.getLong(column));
      case FLOAT -> Float.toString(row.getFloat(column));
      case DOUBLE -> Double.toString(row.getDouble(column));
      case BYTES -> bytesText(type, row.getBytes(column));
    };
  }

  private static String longText(ColumnType type, long value) {
    return type instanceof ColumnType.Decimal decimal
        ? BigDecimal.valueOf(value, decimal.scale()).toPlainString()
        : Long.toString(value);
  }

  private static String bytesText(ColumnType type, byte[] bytes) {
    return switch (type) {
      case ColumnType.Decimal decimal ->
          new BigDecimal(new BigInteger(bytes), decimal.scale()).toPlainString();
      case ColumnType.Simple.BINARY, ColumnType.Simple.UUID -> HexFormat.of().formatHex(bytes);
      default -> new String(bytes, java.nio.charset.StandardCharsets.UTF_8);
    };
  }
}
