package dev.firn.reconcile;

import dev.firn.change.fault.FirnException;
import dev.firn.change.row.Row;
import dev.firn.change.row.RowArena;
import dev.firn.change.table.TableSchema;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Sorts the rows of a table by key in bounded memory: runs that fit the bound are sorted in memory
 * and spilled to files, which are merged while they are read. First {@link #add} every row, then
 * read {@link #sorted} once, then close, which deletes the files. Not thread-safe.
 *
 * <p>Memory: the bound given, 1 MB or the largest row, and 64 kB for each run of that size that the
 * table has.
 */
public final class RowSort implements AutoCloseable {
  private static final int MAX_RUNS = 256;
  private static final int BUFFER_BYTES = 1 << 16;
  private static final int ROW_OVERHEAD_BYTES = 48;

  private final TableSchema table;
  private final KeyOrder order;
  private final Path folder;
  private final long memoryBytes;
  private final RowArena arena = new RowArena();
  private final List<Row> rows = new ArrayList<>();
  private final List<Path> runs = new ArrayList<>();
  private final List<RunReader> readers = new ArrayList<>();
  private long pendingBytes;
  private byte[] scratch = new byte[1024];

  /**
   * An empty sort.
   *
   * @param folder where runs are spilled; must exist
   * @param memoryBytes how many bytes of rows are held in memory
   */
  public RowSort(TableSchema table, Path folder, long memoryBytes) {
    this.table = table;
    this.order = new KeyOrder(table);
    this.folder = folder;
    this.memoryBytes = memoryBytes;
  }

  /**
   * Takes a copy of a row.
   *
   * @throws FirnException of kind INCONCLUSIVE where the table has more runs than are merged at
   *     once
   */
  public void add(Row row) {
    rows.add(arena.get(arena.add(row)));
    pendingBytes += row.sizeBytes() + ROW_OVERHEAD_BYTES;
    if (pendingBytes >= memoryBytes) {
      spill();
    }
  }

  /** All rows in the order of their keys; to be asked for once. */
  public RowCursor sorted() {
    rows.sort(order);
    if (runs.isEmpty()) {
      var all = rows.iterator();
      return () -> all.hasNext() ? all.next() : null;
    }
    if (!rows.isEmpty()) {
      spill();
    }
    PriorityQueue<RunReader> heads =
        new PriorityQueue<>(runs.size(), Comparator.comparing(RunReader::head, order));
    for (Path run : runs) {
      RunReader reader = new RunReader(run);
      readers.add(reader);
      if (reader.advance()) {
        heads.add(reader);
      }
    }
    return new Merge(heads);
  }

  private void spill() {
    if (runs.size() == MAX_RUNS) {
      throw new FirnException(
          FirnException.Kind.INCONCLUSIVE,
          table.id() + " has more rows than one comparison sorts: " + MAX_RUNS + " runs are full",
          "Give the comparison more memory than " + memoryBytes + " bytes.");
    }
    rows.sort(order);
    try {
      Path run = Files.createTempFile(folder, "sort-", ".run");
      runs.add(run);
      try (DataOutputStream out =
          new DataOutputStream(
              new BufferedOutputStream(Files.newOutputStream(run), BUFFER_BYTES))) {
        for (Row row : rows) {
          int size = row.sizeBytes();
          if (scratch.length < size) {
            scratch = new byte[size];
          }
          row.copyTo(scratch, 0);
          out.writeInt(size);
          out.write(scratch, 0, size);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot spill rows of " + table.id() + " to " + folder, e);
    }
    rows.clear();
    arena.clear();
    pendingBytes = 0;
  }

  @Override
  public void close() {
    UncheckedIOException failure = null;
    for (RunReader reader : readers) {
      try {
        reader.in.close();
      } catch (IOException e) {
        failure = also(failure, e);
      }
    }
    for (Path run : runs) {
      try {
        Files.deleteIfExists(run);
      } catch (IOException e) {
        failure = also(failure, e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static UncheckedIOException also(@Nullable UncheckedIOException first, IOException next) {
    if (first == null) {
      return new UncheckedIOException(next);
    }
    first.addSuppressed(next);
    return first;
  }

  private static final class Merge implements RowCursor {
    private final PriorityQueue<RunReader> heads;
    private @Nullable RunReader last;

    Merge(PriorityQueue<RunReader> heads) {
      this.heads = heads;
    }

    @Override
    public @Nullable Row next() {
      if (last != null && last.advance()) {
        heads.add(last);
      }
      last = heads.poll();
      return last == null ? null : last.head();
    }
  }

  private static final class RunReader {
    private final DataInputStream in;
    private @Nullable Row head;

    RunReader(Path run) {
      try {
        in = new DataInputStream(new BufferedInputStream(Files.newInputStream(run), BUFFER_BYTES));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    Row head() {
      if (head == null) {
        throw new IllegalStateException("the run is at its end");
      }
      return head;
    }

    boolean advance() {
      try {
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        head = new Row(bytes, 0);
        return true;
      } catch (EOFException e) {
        head = null;
        return false;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
