package dev.firn.cdc.stream;

import io.debezium.DebeziumException;
import io.debezium.connector.postgresql.connection.LogicalDecodingMessage;
import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationMessage;
import io.debezium.connector.postgresql.connection.ReplicationMessage.Operation;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import io.debezium.connector.postgresql.connection.WalPositionLocator;
import io.debezium.connector.postgresql.spi.SlotCreationResult;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a record behind each transaction that had one: a message of the prefix {@link #END_PREFIX},
 * whose offset holds the transaction's id and its exact end.
 *
 * <p>Debezium drops COMMIT where transaction metadata is off. With it on, every transaction costs
 * two records, empty ones too, and every row a block more. Here the message goes the way of the
 * source's own logical messages, in its place in the stream; the source's messages of that prefix
 * are left out.
 */
final class EndMarkingConnection implements ReplicationConnection {
  static final String END_PREFIX = "firn.end";
  private static final byte[] NO_CONTENT = {};

  /** What Debezium says of a table that it refuses, whether the table is to be streamed or not. */
  static final Pattern BY_CASE =
      Pattern.compile("Table '(.*)' has columns that differ only by case");

  private static final Logger LOG = LoggerFactory.getLogger(EndMarkingConnection.class);

  private final ReplicationConnection inner;
  private final AtomicReference<ReplicationStream> current;
  private final Predicate<String> isMirrored;

  /**
   * A connection that marks ends.
   *
   * @param current where the stream is put once it runs
   * @param isMirrored tells by {@code schema.table} whether a table is to be streamed
   */
  EndMarkingConnection(
      ReplicationConnection inner,
      AtomicReference<ReplicationStream> current,
      Predicate<String> isMirrored) {
    this.inner = inner;
    this.current = current;
    this.isMirrored = isMirrored;
  }

  @Override
  public ReplicationStream startStreaming(WalPositionLocator position)
      throws SQLException, InterruptedException {
    return marking(inner.startStreaming(position));
  }

  @Override
  public ReplicationStream startStreaming(Lsn offset, WalPositionLocator position)
      throws SQLException, InterruptedException {
    return marking(inner.startStreaming(offset, position));
  }

  private ReplicationStream marking(ReplicationStream stream) {
    ReplicationStream marking = new EndMarkingStream(stream);
    current.set(marking);
    return marking;
  }

  @Override
  public Optional<SlotCreationResult> createReplicationSlot() throws SQLException {
    throw new SQLException("the replication slot is missing, and Debezium must not make it");
  }

  @Override
  public void initConnection() throws SQLException, InterruptedException {
    inner.initConnection();
  }

  @Override
  public boolean isConnected() throws SQLException {
    return inner.isConnected();
  }

  @Override
  public void reconnect() throws SQLException {
    inner.reconnect();
  }

  @Override
  public void close() throws Exception {
    inner.close();
  }

  private final class EndMarkingStream implements ReplicationStream {
    private final ReplicationStream inner;
    private boolean hasRecords;

    EndMarkingStream(ReplicationStream inner) {
      this.inner = inner;
    }

    @Override
    public void read(ReplicationMessageProcessor processor)
        throws SQLException, InterruptedException {
      inner.read(message -> process(message, processor));
    }

    @Override
    public boolean readPending(ReplicationMessageProcessor processor)
        throws SQLException, InterruptedException {
      try {
        return inner.readPending(message -> process(message, processor));
      } catch (DebeziumException e) {
        Matcher refused = BY_CASE.matcher(String.valueOf(e.getMessage()));
        if (refused.find() && !isMirrored.test(refused.group(1))) {
          // Debezium does not know such a table's rows then, and leaves them out.
          LOG.warn("{}; it is not mirrored", refused.group());
          return true;
        }
        throw e;
      }
    }

    private void process(ReplicationMessage message, ReplicationMessageProcessor processor)
        throws SQLException, InterruptedException {
      if (message instanceof LogicalDecodingMessage logical) {
        if (logical.getPrefix().equals(END_PREFIX)) {
          return;
        }
        hasRecords = hasRecords || !logical.isLastEventForLsn();
      } else if (!message.isTransactionalMessage()) {
        hasRecords = true;
      }
      processor.process(message);
      if (message.getOperation() == Operation.COMMIT) {
        if (hasRecords) {
          processor.process(
              new LogicalDecodingMessage(
                  Operation.MESSAGE,
                  message.getCommitTime(),
                  message.getTransactionId().getAsLong(),
                  true,
                  END_PREFIX,
                  NO_CONTENT));
        }
        hasRecords = false;
      }
    }

    @Override
    public void flushLsn(Lsn lsn) throws SQLException {
      inner.flushLsn(lsn);
    }

    @Override
    public Lsn lastReceivedLsn() {
      return inner.lastReceivedLsn();
    }

    @Override
    public Lsn startLsn() {
      return inner.startLsn();
    }

    @Override
    public void startKeepAlive(ExecutorService service) {
      inner.startKeepAlive(service);
    }

    @Override
    public void stopKeepAlive() {
      inner.stopKeepAlive();
    }

    @Override
    public void close() throws Exception {
      inner.close();
    }
  }
}
