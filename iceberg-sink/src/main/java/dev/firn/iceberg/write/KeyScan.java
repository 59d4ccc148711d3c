package dev.firn.iceberg.write;

import dev.firn.iceberg.index.KeyCodec;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.io.FileIO;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the keys of live rows from data files, several files at once. */
final class KeyScan {
  private static final Logger LOG = LoggerFactory.getLogger(KeyScan.class);
  private static final int BATCH_ROWS = 4096;
  private static final int STOP_SECONDS = 60;

  /** Takes keys; called by one thread at a time. */
  @FunctionalInterface
  interface Consumer {
    /** The key of the live row at a position of a file. */
    void accept(LiveFile file, long position, long keyHigh, long keyLow);
  }

  /**
   * A file and the delete files that its rows have to be read with.
   *
   * @param readsKeys whether its keys are wanted; otherwise only its deletes are
   */
  record Task(LiveFile file, List<DeleteFile> deletes, boolean readsKeys) {
    Task {
      deletes = List.copyOf(deletes);
    }
  }

  private final FileIO io;
  private final RowLayout layout;
  private final KeyCodec codec;
  private final int threads;

  KeyScan(FileIO io, RowLayout layout, KeyCodec codec, int threads) {
    this.io = io;
    this.layout = layout;
    this.codec = codec;
    this.threads = threads;
  }

  /** Loads each file's deletes, and hands over the keys of what they leave. */
  void run(List<Task> tasks, Consumer consumer) throws InterruptedException {
    if (tasks.isEmpty()) {
      return;
    }
    ExecutorService workers =
        Executors.newFixedThreadPool(
            Math.min(threads, tasks.size()),
            Thread.ofPlatform().daemon().name("firn-key-scan-", 0).factory());
    try {
      ExecutorCompletionService<Void> done = new ExecutorCompletionService<>(workers);
      Object turn = new Object();
      for (Task task : tasks) {
        done.submit(() -> {
          scan(task, consumer, turn);
          return null;
        });
      }
      for (int i = 0; i < tasks.size(); i++) {
        done.take().get();
      }
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    } finally {
      workers.shutdownNow();
      // after a failure the others stop at their next batch; the consumer is the caller's again
      // then
      if (!workers.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("a key scan of table {} does not stop", layout.table().id());
      }
    }
  }

  private static RuntimeException failure(@Nullable Throwable cause) throws InterruptedException {
    return switch (cause) {
      case InterruptedException interrupted -> throw interrupted;
      case null -> new IllegalStateException("the key scan failed");
      case RuntimeException failure -> failure;
      case Error error -> throw error;
      default -> new IllegalStateException("the key scan failed", cause);
    };
  }

  private void scan(Task task, Consumer consumer, Object turn) {
    LiveFile file = task.file();
    PositionDeleteIndex dead =
        task.deletes().isEmpty()
            ? PositionDeleteIndex.empty()
            : new BaseDeleteLoader(
                    deletes -> io.newInputFile(deletes.location(), deletes.fileSizeInBytes()))
                .loadPositionDeletes(task.deletes(), file.file().location());
    synchronized (turn) {
      file.followDeletes(task.deletes(), dead);
    }
    if (!task.readsKeys()) {
      return;
    }
    int[] keyColumns = layout.keyColumns();
    int[] inKeyRow = IntStream.range(0, keyColumns.length).toArray();
    KeyCodec own = codec.fork();
    Batch batch = new Batch(file, consumer, turn);
    ParquetRows.read(
        io,
        file.file(),
        layout.fileColumns(keyColumns),
        ParquetRows.Wanted.where(position -> !dead.isDeleted(position)),
        (position, row) -> {
          own.encode(row, inKeyRow);
          batch.add(position, own.high(), own.low());
        });
    batch.handOver();
  }

  /** Keys gathered so that the consumer's turn is not taken for each. */
  private static final class Batch {
    private final LiveFile file;
    private final Consumer consumer;
    private final Object turn;
    private final long[] values = new long[3 * BATCH_ROWS];
    private int used;

    Batch(LiveFile file, Consumer consumer, Object turn) {
      this.file = file;
      this.consumer = consumer;
      this.turn = turn;
    }

    void add(long position, long high, long low) {
      if (used == values.length) {
        handOver();
      }
      values[used++] = position;
      values[used++] = high;
      values[used++] = low;
    }

    void handOver() {
      if (Thread.currentThread().isInterrupted()) {
        throw new IllegalStateException("the key scan was interrupted");
      }
      synchronized (turn) {
        for (int i = 0; i < used; i += 3) {
          consumer.accept(file, values[i], values[i + 1], values[i + 2]);
        }
      }
      used = 0;
    }
  }
}
