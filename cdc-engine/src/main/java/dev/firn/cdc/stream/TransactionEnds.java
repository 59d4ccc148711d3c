package dev.firn.cdc.stream;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.change.fault.Backoff;
import dev.firn.config.SourceConfig;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.postgresql.PGConnection;
import org.postgresql.replication.PGReplicationStream;

/**
 * The exact ends of the transactions that the slot sends again although tables of the replica may
 * have them, in commit order: of those that end at or before a place in the log.
 *
 * <p>The log tells a transaction's end at its beginning (pgoutput's BEGIN), and Debezium drops it.
 * So this part of the log, which is about one checkpoint long, is read once more before Debezium
 * reads it, on a connection of its own, whose rows are passed over. Not thread-safe.
 */
final class TransactionEnds {
  private static final String PROTOCOL_VERSION = "1";
  private static final int STATUS_EVERY_SECONDS = 2;
  private static final Duration PAUSE = Duration.ofMillis(5);

  private final long upToLsn;
  private long[] xids = new long[16];
  private long[] ends = new long[16];
  private int size;
  private int next;

  /** None yet, and none that end beyond. */
  TransactionEnds(long upToLsn) {
    this.upToLsn = upToLsn;
  }

  /**
   * Reads them from the slot, which stays where it is. The server can hold the slot for a moment
   * after this has returned.
   *
   * @param upToLsn the place up to which ends are wanted; the log reaches that far
   * @param xids extends the log's transaction ids
   * @param watch called every now and then; what it throws ends the reading
   * @param stopping ends the reading early, and what it returns is of no use then
   */
  static TransactionEnds read(
      SourceConfig source,
      PostgresConnections connections,
      long upToLsn,
      Xids xids,
      Runnable watch,
      BooleanSupplier stopping)
      throws SQLException, InterruptedException {
    TransactionEnds ends = new TransactionEnds(upToLsn);
    Connection connection = connections.openReplication("transaction ends");
    try {
      PGReplicationStream stream =
          connection
              .unwrap(PGConnection.class)
              .getReplicationAPI()
              .replicationStream()
              .logical()
              .withSlotName('"' + source.slot() + '"')
              // a driver that acknowledges by itself would let the server forget what is read here
              .withAutomaticFlush(false)
              .withStatusInterval(STATUS_EVERY_SECONDS, TimeUnit.SECONDS)
              .withSlotOption("proto_version", PROTOCOL_VERSION)
              .withSlotOption("publication_names", source.publication())
              .withSlotOption("messages", true)
              .start();
      ends.read(stream, xids, watch, stopping);
      return ends;
    } finally {
      // a stream's own end would wait until the transaction at hand is sent to its end
      connection.abort(Runnable::run);
    }
  }

  private void read(
      PGReplicationStream stream, Xids extend, Runnable watch, BooleanSupplier stopping)
      throws SQLException, InterruptedException {
    boolean open = false;
    boolean hasRecords = false;
    long xid = 0;
    while (!stopping.getAsBoolean()) {
      ByteBuffer message = stream.readPending();
      if (message != null) {
        switch (message.get()) {
          case 'B' -> {
            // where the commit record begins, which is before its end
            if (Long.compareUnsigned(message.getLong(), upToLsn) >= 0) {
              return;
            }
            message.getLong();
            xid = extend.extend(Integer.toUnsignedLong(message.getInt()));
            open = true;
            hasRecords = false;
          }
          case 'C' -> {
            message.get();
            message.getLong();
            long end = message.getLong();
            if (hasRecords && Long.compareUnsigned(end, upToLsn) <= 0) {
              add(xid, end);
            }
            open = false;
          }
          // an origin too, which Debezium passes on as a message: PostgreSQL 14 sends it even where
          // nothing follows
          case 'I', 'U', 'D', 'T', 'M', 'O' -> hasRecords = true;
          default -> {}
        }
      }
      if (!open && Long.compareUnsigned(stream.getLastReceiveLSN().asLong(), upToLsn) >= 0) {
        return;
      }
      if (message == null) {
        watch.run();
        Backoff.pause(PAUSE);
      }
    }
  }

  /** One more, which was committed after those before. */
  void add(long xid, long end) {
    if (size == xids.length) {
      xids = Arrays.copyOf(xids, Math.multiplyExact(size, 2));
      ends = Arrays.copyOf(ends, xids.length);
    }
    xids[size] = xid;
    ends[size] = end;
    size++;
  }

  /** The id of the last one that ends at or before a place, an LSN; empty where none does. */
  OptionalLong lastUpTo(long lsn) {
    for (int i = size - 1; i >= 0; i--) {
      if (Long.compareUnsigned(ends[i], lsn) <= 0) {
        return OptionalLong.of(xids[i]);
      }
    }
    return OptionalLong.empty();
  }

  /** Every transaction that ends at or before this, an LSN, is among these. */
  long upToLsn() {
    return upToLsn;
  }

  /**
   * The end of a transaction, asked for in commit order, once for each; empty where it is beyond.
   */
  OptionalLong endOf(long xid) {
    for (int i = next; i < size; i++) {
      if (xids[i] == xid) {
        next = i + 1;
        return OptionalLong.of(ends[i]);
      }
    }
    return OptionalLong.empty();
  }
}
