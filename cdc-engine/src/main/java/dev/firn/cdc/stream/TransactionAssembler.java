package dev.firn.cdc.stream;

import dev.firn.cdc.slot.SlotHeartbeat;
import dev.firn.change.ChangeSink;
import dev.firn.change.SourceReader.Start;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.position.PostgresPosition;
import dev.firn.change.position.PostgresTransaction;
import dev.firn.change.row.Row;
import dev.firn.change.row.RowBuilder;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import io.debezium.data.Envelope;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * Turns Debezium's records into whole transactions for a sink.
 *
 * <p>Every transaction with records ends in one of {@link EndMarkingConnection}, which has its
 * exact end. The sink hears at a transaction's beginning where it ends, as long as a table may have
 * it ({@link TransactionEnds}), and changes go straight through. Not thread-safe.
 */
final class TransactionAssembler {
  static final long UNKNOWN_TIME = -1;

  private static final String NEW_KEY_HEADER = "__debezium.newkey";
  private static final String OLD_KEY_HEADER = "__debezium.oldkey";
  private static final String MESSAGE_FIELD = "message";

  /** A table in one of Debezium's schemas. */
  private record Stream(
      @Nullable TableSchema table,
      @Nullable TableDecoder decoder,
      @Nullable String difference,
      Field operation,
      Field before,
      Field after) {}

  private final ChangeSink sink;
  private final PostgresPosition recorded;
  private final Xids xids;
  private final TransactionEnds ends;
  private final Map<TableId, TableSchema> tables = new HashMap<>();
  private final Set<Long> appliedBeyond;
  private final IdentityHashMap<Schema, Stream> streams = new IdentityHashMap<>();
  private final Map<TableId, Schema> schemaOf = new HashMap<>();
  private final RowBuilder beforeBuilder;
  private final RowBuilder afterBuilder;
  private final List<TableSchema> truncated = new ArrayList<>();

  private @Nullable Schema lastSchema;
  private @Nullable Stream lastStream;

  private boolean open;
  private long xid;
  private OptionalLong toldEnd = OptionalLong.empty();
  private long lastXid;
  private long safeLsn;
  private long sourceMicros = UNKNOWN_TIME;
  private long changes;
  private long truncateLsn;
  private @Nullable Row movedFrom;

  TransactionAssembler(
      Start start, ChangeSink sink, Xids xids, TransactionEnds ends, long maxRowBytes) {
    this.sink = sink;
    this.beforeBuilder = new RowBuilder(maxRowBytes);
    this.afterBuilder = new RowBuilder(maxRowBytes);
    this.xids = xids;
    this.ends = ends;
    this.recorded = pg(start.recorded());
    this.lastXid = recorded.lastXid();
    this.appliedBeyond = new HashSet<>(recorded.appliedBeyond());
    this.safeLsn = recorded.lsn();
    start.tables().forEach(table -> tables.put(table.id(), table));
  }

  private static PostgresPosition pg(Position position) {
    return switch (position) {
      case PostgresPosition pg -> pg;
    };
  }

  /** Whether the sink has a transaction open. */
  boolean inHand() {
    return open;
  }

  /** The source's clock at the last record, microseconds since 1970; UNKNOWN_TIME before it. */
  long sourceMicros() {
    return sourceMicros;
  }

  /** Row changes and truncated tables of mirrored tables, read so far. */
  long changes() {
    return changes;
  }

  /** Between transactions: tells the sink how far the log is known to go on without changes. */
  void idle() throws InterruptedException {
    if (!open && sourceMicros != UNKNOWN_TIME) {
      sink.idle(position(safeLsn), sourceMicros);
    }
  }

  /** Takes the next record. */
  void accept(SourceRecord record) throws InterruptedException {
    Map<String, ?> offset = record.sourceOffset();
    if (!(record.value() instanceof Struct value)) {
      throw new IllegalStateException("a record without a value from " + record.topic());
    }
    Schema schema = record.valueSchema();
    if (schema == lastSchema || schema.field(Envelope.FieldName.AFTER) != null) {
      row(record, value, offset);
    } else if (schema.field(MESSAGE_FIELD) != null) {
      message(value.getStruct(MESSAGE_FIELD), offset);
    }
    // Debezium's own heartbeats tell of a COMMIT before its transaction's end is marked
  }

  // ---- messages

  private void message(Struct message, Map<String, ?> offset) throws InterruptedException {
    String prefix = message.getString("prefix");
    switch (prefix) {
      case EndMarkingConnection.END_PREFIX -> end(offset);
      case SlotHeartbeat.PREFIX -> heartbeat(content(message), offset);
      case DebeziumSettings.DDL_PREFIX -> ddl(content(message), offset);
      default -> throw new IllegalStateException("an unexpected message of prefix " + prefix);
    }
  }

  private static byte[] content(Struct message) {
    return switch (message.get("content")) {
      case byte[] bytes -> bytes;
      case ByteBuffer buffer -> {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        yield bytes;
      }
      default -> throw new IllegalStateException("a message whose content is not bytes");
    };
  }

  private void heartbeat(byte[] content, Map<String, ?> offset) throws InterruptedException {
    if (offset.get("txId") != null) {
      // Somebody wrote one inside a transaction: it is no place between transactions.
      enter(offset);
      return;
    }
    if (open) {
      throw new IllegalStateException("a heartbeat inside transaction " + xid);
    }
    sourceMicros = Long.parseLong(new String(content, StandardCharsets.US_ASCII));
    safe(lsn(offset));
    idle();
  }

  private void ddl(byte[] content, Map<String, ?> offset) throws InterruptedException {
    if (offset.get("txId") == null) {
      return;
    }
    enter(offset);
    DdlMessage message = DdlMessage.parse(content);
    for (TableSchema table : tables.values()) {
      var change = message.changeOf(table);
      if (change.isPresent() && sink.wants(table)) {
        throw shapeChanged(table, message.tag() + ": it " + change.get(), lsn(offset));
      }
    }
  }

  private void end(Map<String, ?> offset) throws InterruptedException {
    enter(offset);
    long end = lsn(offset);
    boolean isTold =
        toldEnd.isPresent()
            ? toldEnd.getAsLong() == end
            : Long.compareUnsigned(end, ends.upToLsn()) > 0;
    if (!isTold) {
      throw new IllegalStateException(
          "transaction "
              + xid
              + " ends at "
              + PostgresPosition.lsnText(end)
              + ", which is not what was read of it before");
    }
    appliedBeyond.remove(xid);
    open = false;
    safe(end);
    if (Long.compareUnsigned(end, recorded.lsn()) > 0) {
      lastXid = xid;
    }
    sink.commit(position(safeLsn), sourceMicros);
  }

  // ---- transactions

  private static long lsn(Map<String, ?> offset) {
    if (offset.get("lsn") instanceof Long lsn) {
      return lsn;
    }
    throw new IllegalStateException("a record without an LSN");
  }

  private void safe(long lsn) {
    if (Long.compareUnsigned(lsn, safeLsn) > 0) {
      safeLsn = lsn;
    }
  }

  private Position position(long lsn) {
    return appliedBeyond.isEmpty()
        ? PostgresPosition.at(lsn, lastXid)
        : new PostgresPosition(lsn, lastXid, appliedBeyond.stream().sorted().toList());
  }

  /** A record of a transaction: opens it where it is the first. */
  private void enter(Map<String, ?> offset) throws InterruptedException {
    if (!truncated.isEmpty()) {
      flushTruncates(lsn(offset));
    }
    if (!(offset.get("txId") instanceof Long xid32)) {
      throw new IllegalStateException("a change without a transaction at " + offset);
    }
    long of = xids.extend(xid32);
    if (!open) {
      open = true;
      xid = of;
      if (offset.get("ts_usec") instanceof Long micros) {
        sourceMicros = micros;
      }
      toldEnd = ends.endOf(xid);
      sink.begin(new PostgresTransaction(xid, toldEnd));
    } else if (xid != of) {
      throw new IllegalStateException("transaction " + of + " began inside " + xid);
    }
  }

  // ---- rows

  private void row(SourceRecord record, Struct value, Map<String, ?> offset)
      throws InterruptedException {
    Stream stream = stream(record.valueSchema(), value);
    if (!(value.get(stream.operation()) instanceof String operation)) {
      throw new IllegalStateException("a change without an operation from " + record.topic());
    }
    if (operation.equals("t")) {
      truncate(stream, offset);
      return;
    }
    enter(offset);
    TableSchema table = stream.table();
    if (table == null) {
      return;
    }
    changes++;
    if (!sink.wants(table)) {
      return;
    }
    TableDecoder decoder = stream.decoder();
    if (decoder == null) {
      throw shapeChanged(table, String.valueOf(stream.difference()), lsn(offset));
    }
    switch (operation) {
      case "c" -> insert(record, table, decoder, struct(value, stream.after()));
      case "u" -> update(table, decoder, value, stream);
      case "d" -> delete(record, table, decoder, struct(value, stream.before()));
      default -> throw new IllegalStateException("an unexpected operation " + operation);
    }
  }

  private static Struct struct(Struct envelope, Field field) {
    if (envelope.get(field) instanceof Struct struct) {
      return struct;
    }
    throw new IllegalStateException("a change without its row: " + field.name());
  }

  private void insert(SourceRecord record, TableSchema table, TableDecoder decoder, Struct struct)
      throws InterruptedException {
    Row after = decoder.row(struct, afterBuilder);
    boolean moved = header(record, OLD_KEY_HEADER) != null;
    Row from = movedFrom;
    movedFrom = null;
    if (moved != (from != null)) {
      throw new IllegalStateException("half a change of a key in " + table.id());
    }
    if (from == null) {
      sink.insert(table, after);
    } else {
      update(table, decoder, from, after);
    }
  }

  private void update(TableSchema table, TableDecoder decoder, Struct value, Stream stream)
      throws InterruptedException {
    Row after = decoder.row(struct(value, stream.after()), afterBuilder);
    Row before =
        value.get(stream.before()) instanceof Struct old ? decoder.key(old, beforeBuilder) : after;
    update(table, decoder, before, after);
  }

  private void update(TableSchema table, TableDecoder decoder, Row before, Row after)
      throws InterruptedException {
    Row old = before != after && decoder.sameKey(before, after) ? after : before;
    sink.update(table, old, after);
  }

  private void delete(SourceRecord record, TableSchema table, TableDecoder decoder, Struct struct)
      throws InterruptedException {
    Row before = decoder.key(struct, beforeBuilder);
    if (header(record, NEW_KEY_HEADER) != null) {
      // Debezium splits a change of the primary key: the row's new form is the next record.
      movedFrom = before;
    } else {
      sink.delete(table, before);
    }
  }

  private static @Nullable Header header(SourceRecord record, String name) {
    return record.headers().isEmpty() ? null : record.headers().lastWithName(name);
  }

  /** One statement's tables come one by one, all at the same place. */
  private void truncate(Stream stream, Map<String, ?> offset) throws InterruptedException {
    enter(offset);
    TableSchema table = stream.table();
    if (table != null) {
      truncated.add(table);
      changes++;
      truncateLsn = lsn(offset);
    }
  }

  private void flushTruncates(long nextLsn) throws InterruptedException {
    if (nextLsn == truncateLsn) {
      return;
    }
    List<TableSchema> all = List.copyOf(truncated);
    truncated.clear();
    sink.truncate(all);
  }

  // ---- shapes

  private Stream stream(Schema schema, Struct value) {
    Stream known = lastStream;
    if (known != null && schema == lastSchema) {
      return known;
    }
    Stream stream = streams.get(schema);
    if (stream == null) {
      stream = describe(schema, value);
      streams.put(schema, stream);
    }
    lastSchema = schema;
    lastStream = stream;
    return stream;
  }

  private Stream describe(Schema schema, Struct value) {
    Struct source = value.getStruct(Envelope.FieldName.SOURCE);
    TableId id = new TableId(source.getString("schema"), source.getString("table"));
    Schema former = schemaOf.put(id, schema);
    if (former != null) {
      streams.remove(former);
    }
    Field operation = schema.field(Envelope.FieldName.OPERATION);
    Field before = schema.field(Envelope.FieldName.BEFORE);
    Field after = schema.field(Envelope.FieldName.AFTER);
    TableSchema table = tables.get(id);
    if (table == null) {
      return new Stream(null, null, null, operation, before, after);
    }
    List<Field> fields = after.schema().fields();
    List<ColumnShape> expected = table.columns().stream().map(ColumnShape::of).toList();
    List<ColumnShape> actual = fields.stream().map(ColumnShape::of).toList();
    if (!expected.equals(actual)) {
      String difference =
          "it has the columns (" + shown(actual) + ") instead of (" + shown(expected) + ")";
      return new Stream(table, null, difference, operation, before, after);
    }
    return new Stream(table, new TableDecoder(table, fields), null, operation, before, after);
  }

  private static String shown(List<ColumnShape> columns) {
    return columns.stream().map(ColumnShape::toString).collect(Collectors.joining(", "));
  }

  private static FirnException shapeChanged(TableSchema table, String what, long lsn) {
    return new FirnException(
        FirnException.Kind.SCHEMA_CHANGED,
        "the shape of "
            + table.id()
            + " changed at "
            + PostgresPosition.lsnText(lsn)
            + ": "
            + what
            + ". The replica stands before that change, and nothing is lost",
        "drop the replica's table "
            + table.id()
            + " in the catalog and start again: it is then loaded in its new shape");
  }
}
