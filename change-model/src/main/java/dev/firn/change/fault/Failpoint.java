package dev.firn.change.fault;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * A step at which a crash must lose nothing. The crash suite runs the daemon with one of them
 * armed, waits until it is reached, and kills or freezes the process there.
 *
 * <p>Armed by two system properties of the process. {@value #ARMED} names one, or several in the
 * order in which they stop the process, each as {@code NAME} or as {@code NAME@n} for the n-th time
 * that it is reached from there on; {@value #FILE} is a file that is then made, with the name in
 * it. The thread waits until the file is gone again, for two minutes at most, and goes on. Without
 * the properties a failpoint asks a constant, and the compiler removes it.
 */
public enum Failpoint {
  /** The replica is opened, and its epoch is claimed. */
  EPOCH_CLAIMED,
  /** Every table is fenced; where they stand was not read yet. */
  TABLES_FENCED,
  /** A new replica has a slot, and does not know of it. */
  SLOT_MADE,
  /** The source's identity and the first position are recorded. */
  SOURCE_ATTACHED,
  /** An Iceberg table is made, and the control table does not know of it. */
  TABLE_MADE,

  /** A first copy has handed over a row. */
  LOAD_ROW,
  /** A first copy has all its rows, in files that no table refers to. */
  LOAD_COPIED,
  /** A first copy is committed; no change behind it was read. */
  LOAD_COMMITTED,

  /** A transaction's changes are taken, its end is not. */
  TRANSACTION_OPEN,
  /** A data file is open. */
  DATA_FILE_OPENED,
  /** A data file is in the bucket. */
  DATA_FILE_WRITTEN,
  /** All data files of a table are written, its deletes are not. */
  DELETE_FILES_DUE,
  /** A table's delete files are in the bucket. */
  DELETE_FILES_WRITTEN,
  /** Nothing of a table's new snapshot is written. */
  SNAPSHOT_DUE,
  /** A table's manifests and metadata are written; its pointer is where it was. */
  SNAPSHOT_STAGED,

  /** Every table is staged. */
  COMMIT_DUE,
  /** Some tables' pointers have moved, or the transaction that moves them is open. */
  COMMIT_HALF,
  /** All pointers have moved; the daemon does not know. */
  COMMIT_DONE,
  /** An answer did not arrive, and the tables are read back. */
  READ_BACK_DUE,
  /** The key index stands for the former snapshot. */
  INDEX_DUE,
  /** The key index stands for the new snapshot. */
  INDEX_UPDATED,
  /** The position is durable, and nobody was told. */
  POSITION_RECORDED,

  /** A durable position is to be told to the source. */
  ACKNOWLEDGEMENT_DUE,
  /** The source was told. */
  ACKNOWLEDGED,

  /** Old snapshots are gone from a table, their files are not. */
  SNAPSHOTS_EXPIRED,
  /** Their files are gone. */
  FILES_EXPIRED,
  /** The last checkpoint of a stop is made. */
  STOPPED;

  /** The property that arms one. */
  public static final String ARMED = "firn.failpoint";

  /** The property with the file that tells of it. */
  public static final String FILE = "firn.failpoint.file";

  private static final Duration POLL = Duration.ofMillis(5);
  private static final int MOST_POLLS = 24_000;

  private static final List<String> PLAN =
      Arrays.stream(System.getProperty(ARMED, "").split(",", -1))
          .filter(s -> !s.isEmpty())
          .toList();
  private static final boolean ANY = !PLAN.isEmpty();
  private static final Object LOCK = new Object();
  private static int next;
  private static int hits;

  /** Execution is here. */
  public void reached() {
    if (ANY && isNext()) {
      stand();
    }
  }

  private boolean isNext() {
    synchronized (LOCK) {
      if (next == PLAN.size()) {
        return false;
      }
      String[] armed = PLAN.get(next).split("@", 2);
      if (!armed[0].equals(name())
          || ++hits < (armed.length < 2 ? 1 : Integer.parseInt(armed[1]))) {
        return false;
      }
      next++;
      hits = 0;
      return true;
    }
  }

  private void stand() {
    Path file = Path.of(System.getProperty(FILE, ""));
    try {
      Files.writeString(file, name());
      for (int i = 0; i < MOST_POLLS && Files.exists(file); i++) {
        Backoff.pause(POLL);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot tell of failpoint " + name(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
