package dev.firn.iceberg.write;

import dev.firn.change.PipelineEvent.TableWritten;
import dev.firn.change.fault.Failpoint;
import dev.firn.change.fault.FirnException;
import dev.firn.change.row.Row;
import dev.firn.change.row.RowBuilder;
import dev.firn.change.row.RowTooLargeException;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType;
import dev.firn.change.table.TableSchema;
import dev.firn.iceberg.index.KeyCodec;
import dev.firn.iceberg.index.KeyIndex;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.iceberg.ContentFile;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileContent;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.util.PropertyUtil;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns one table's row changes into a {@link TableDelta} per checkpoint. Holds the key index,
 * which stands for one snapshot of the table plus the changes taken since. Not thread-safe.
 *
 * <p>A changed row waits in memory, and a later change of its key replaces it there. When the rows
 * waiting reach their bound, or at {@link #prepare}, the live ones are written to data files by
 * partition. The index always says where a key's row is: waiting, in a file of this checkpoint, or
 * in a committed file; what it said before is dead. Dead rows in files become position deletes at
 * {@link #prepare}, those in files of this very checkpoint too, and a file without a live row goes
 * as a whole.
 *
 * <p>A key deleted within the checkpoint stays in the index as {@link Location#DELETED} until the
 * commit: when others rewrote files meanwhile, their copies of rows that this checkpoint replaced
 * or deleted are told by it (see {@link #found}).
 */
public final class TableWriter implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TableWriter.class);
  private static final long NO_SNAPSHOT = -1;

  private final TableSchema schema;
  private final RowLayout layout;
  private final WriteLimits limits;
  private final int[] keyColumns;
  private final KeyCodec codec;
  private final KeyIndex index;
  private final Optional<Comparator<Row>> order;
  private final PartitionSpec spec;
  private final SortOrder sortOrder;
  private final PartitionKey partition;
  private final RowStruct struct;
  private final OutputFileFactory dataNames;
  private final OutputFileFactory deleteNames;
  private final long targetFileBytes;
  private final RowBuilder merged;

  private final List<@Nullable LiveFile> files = new ArrayList<>();
  private final PendingRows pending = new PendingRows();
  private final Map<PartitionKey, OpenDataFile> loads = new HashMap<>();

  private Table table;
  private long baseSnapshotId = NO_SNAPSHOT;

  // of this checkpoint
  private final List<LiveFile> written = new ArrayList<>();
  private final List<LiveFile> emptied = new ArrayList<>();
  private long[] deletedKeys = new long[64];
  private int deletedKeysUsed;
  private boolean truncated;
  private long inserts;
  private long updates;
  private long deletes;
  private long truncates;
  private long unknownKeys;
  private long unknownKeysReported;
  private @Nullable Prepared prepared;

  private record Prepared(
      TableDelta delta, List<PositionDeletes.Written> deletes, List<LiveFile> removed) {}

  /**
   * A writer for the table's current snapshot, with the key index filled by scanning its key
   * columns.
   *
   * @param table the Iceberg table, as loaded; its current snapshot is the base
   * @param schema the source table's shape, to which the Iceberg table's columns were mapped
   * @throws FirnException of kind SCHEMA_CHANGED where the two do not fit, REPLICA_UNFIT where the
   *     table is none of Firn's, holds equality deletes, or a key twice
   */
  public static TableWriter open(Table table, TableSchema schema) throws InterruptedException {
    return open(table, schema, WriteLimits.DEFAULT);
  }

  /** As {@link #open(Table, TableSchema)}, with other limits. */
  public static TableWriter open(Table table, TableSchema schema, WriteLimits limits)
      throws InterruptedException {
    TableWriter writer = new TableWriter(table, schema, limits);
    writer.refresh(table);
    return writer;
  }

  private TableWriter(Table table, TableSchema schema, WriteLimits limits) {
    this.table = table;
    this.schema = schema;
    this.limits = limits;
    this.merged = new RowBuilder(limits.maxRowBytes());
    this.layout = RowLayout.of(table, schema);
    this.keyColumns = layout.keyColumns();
    this.codec = KeyCodec.of(schema.keyColumns().stream().map(Column::type).toList());
    this.index = KeyIndex.inMemory(codec);
    // Others may give the table another partition spec or order while this writer is open. Files
    // may be of older ones, so it goes on with those that it was opened with.
    this.spec = table.spec();
    this.sortOrder = table.sortOrder();
    this.order = RowOrder.of(sortOrder, layout);
    this.partition = new PartitionKey(spec, table.schema());
    this.struct = new RowStruct(layout);
    this.dataNames = OutputFileFactory.builderFor(table, 0, 0).format(FileFormat.PARQUET).build();
    this.deleteNames = PositionDeletes.names(table);
    this.targetFileBytes =
        PropertyUtil.propertyAsLong(
            table.properties(),
            TableProperties.WRITE_TARGET_FILE_SIZE_BYTES,
            TableProperties.WRITE_TARGET_FILE_SIZE_BYTES_DEFAULT);
  }

  /** A row of the initial load: its key is not in the table, and no look-up is made. */
  public void load(Row row) throws InterruptedException {
    requireNothingPrepared();
    inserts++;
    if (order.isPresent() || isLarge(row)) {
      hold(row, KeyIndex.NONE);
      flushIfFull();
      return;
    }
    partition.partition(struct.wrap(row));
    OpenDataFile open = loads.get(partition);
    if (open == null) {
      if (loads.size() >= limits.openFiles()) {
        hold(row, KeyIndex.NONE);
        flushIfFull();
        return;
      }
      open = openFile(partition, false, false);
      loads.put(partition.copy(), open);
    }
    long position = open.write(row);
    codec.encode(row, keyColumns);
    kill(index.put(codec.high(), codec.low(), Location.inFile(open.live().ordinal(), position)));
    if (open.isFull(targetFileBytes)) {
      loads.remove(partition);
      open.finish();
    }
  }

  /** A row was inserted; where its key is live all the same, the row replaces that one. */
  public void insert(Row after) throws InterruptedException {
    requireNothingPrepared();
    inserts++;
    hold(after, KeyIndex.NONE);
    flushIfFull();
  }

  /**
   * A row was updated; see {@link dev.firn.change.ChangeSink#update}. A row that was not there is
   * inserted, and counted by {@link #unknownKeys}.
   *
   * @throws FirnException of kind REPLICA_UNFIT where {@code after} has unchanged values and no row
   *     is there to take them of
   */
  public void update(Row before, Row after) throws InterruptedException {
    requireNothingPrepared();
    // as most updates are; hold finds the former row by the same key
    boolean known =
        before == after && !after.hasUnchanged()
            ? hold(after, KeyIndex.NONE)
            : replace(before, after);
    updates++;
    if (!known) {
      unknownKeys++;
    }
    flushIfFull();
  }

  /** Puts a row, completed where it lacks values, in place of another; whether that was there. */
  private boolean replace(Row before, Row after) {
    codec.encode(before, keyColumns);
    long high = codec.high();
    long low = codec.low();
    Row complete = withKey(before, after);
    long base = KeyIndex.NONE;
    if (complete.hasUnchanged()) {
      long at = index.get(high, low);
      if (!isLive(at)) {
        throw new FirnException(
            FirnException.Kind.REPLICA_UNFIT,
            "an update of table "
                + schema.id()
                + " leaves values as they were, but the replica"
                + " has no row under the key "
                + KeyText.of(schema, before),
            "drop the Iceberg table and start Firn again: it loads the table anew");
      }
      if (Location.isPending(at)) {
        int slot = Location.slot(at);
        complete = merge(complete, pending.row(slot), null);
        base = complete.hasUnchanged() ? pending.base(slot) : KeyIndex.NONE;
      } else {
        base = at;
      }
    }
    if (before == after) {
      return hold(complete, base);
    }
    codec.encode(complete, keyColumns);
    if (codec.high() == high && codec.low() == low) {
      return hold(complete, base);
    }
    boolean known = remove(high, low);
    hold(complete, base);
    return known;
  }

  /** A row was deleted; a key that is not live is counted and otherwise no change. */
  public void delete(Row before) throws InterruptedException {
    requireNothingPrepared();
    codec.encode(before, keyColumns);
    if (remove(codec.high(), codec.low())) {
      deletes++;
    } else {
      unknownKeys++;
    }
  }

  /** Every row so far is gone. */
  public void truncate() throws InterruptedException {
    requireNothingPrepared();
    abandonLoads();
    pending.clear();
    for (LiveFile file : List.copyOf(written)) {
      discard(file);
    }
    for (LiveFile file : files) {
      if (file != null) {
        emptied.add(file);
        files.set(file.ordinal(), null);
      }
    }
    index.clear();
    deletedKeysUsed = 0;
    truncated = true;
    truncates++;
  }

  /**
   * Changes so far whose key had no row where one was expected: updates, which became inserts, and
   * deletes, which did nothing. Of an exact stream there are none.
   */
  public long unknownKeys() {
    return unknownKeys;
  }

  /** How many keys the index knows, and so about how many rows the table has. */
  public long indexedKeys() {
    return index.size();
  }

  /**
   * Writes and uploads everything taken since the last {@link #committed}. Until that is called, or
   * where the delta is empty, no further change may come.
   */
  public TableDelta prepare() throws InterruptedException {
    if (prepared != null) {
      return prepared.delta();
    }
    flush();
    finishLoads();
    if (unknownKeys > unknownKeysReported) {
      LOG.warn(
          "table {}: {} updates and deletes found no row under their key",
          schema.id(),
          unknownKeys - unknownKeysReported);
      unknownKeysReported = unknownKeys;
    }
    TableDelta delta = prepareFiles();
    if (delta.isEmpty()) {
      endCheckpoint();
    }
    return delta;
  }

  /**
   * The prepared delta could not be committed because others committed first: the index follows the
   * table to its current snapshot, and the delta's deletes are looked up and written anew. Data
   * files already written are kept.
   *
   * @param refreshed the table with its new current snapshot
   */
  public TableDelta prepareAgain(Table refreshed) throws InterruptedException {
    Prepared former = prepared;
    if (former == null) {
      throw new IllegalStateException("nothing is prepared for table " + schema.id());
    }
    prepared = null;
    former.deletes().stream()
        .map(each -> each.added().location())
        .distinct()
        .forEach(this::deleteFromStorage);
    refresh(refreshed);
    TableDelta delta = prepareFiles();
    if (delta.isEmpty()) {
      endCheckpoint();
    }
    return delta;
  }

  /**
   * The prepared delta is in the table: the index stands for this snapshot now.
   *
   * @param table the table with the commit as its current snapshot
   */
  public void committed(Table table) {
    Failpoint.INDEX_DUE.reached();
    Prepared done = prepared;
    long base = baseSnapshotId;
    Snapshot current = table.currentSnapshot();
    this.table = table;
    if (done != null) {
      prepared = null;
      for (PositionDeletes.Written each : done.deletes()) {
        each.file().commit(List.of(each.added()), each.replaced());
      }
      for (LiveFile file : written) {
        if (!file.isCommitted()) {
          file.commit(List.of(), List.of());
        }
      }
      for (LiveFile file : done.removed()) {
        forget(file);
      }
      endCheckpoint();
    }
    // Where others committed in between, the base stays behind, and their snapshots are followed
    // when the table is looked at next
    if (done != null && current != null) {
      Long parent = current.parentId();
      if (parent == null ? base == NO_SNAPSHOT : parent == base) {
        baseSnapshotId = current.snapshotId();
      }
    }
    Failpoint.INDEX_UPDATED.reached();
  }

  /**
   * Drops the index and what was written for a delta that was never prepared. The files of a
   * prepared one stay: whether its commit arrived, only the committer can tell.
   */
  @Override
  public void close() {
    abandonLoads();
    if (prepared == null) {
      for (LiveFile file : List.copyOf(written)) {
        discard(file);
      }
    }
    pending.clear();
    index.clear();
    files.clear();
  }

  // ---- changes

  /** Keeps a row as its key's row; whether a live row was replaced. */
  private boolean hold(Row row, long base) {
    if (base == KeyIndex.NONE && isLarge(row)) {
      return kill(writeLarge(row));
    }
    int slot = pending.add(row, base);
    codec.encode(row, keyColumns);
    return kill(index.put(codec.high(), codec.low(), Location.pending(slot)));
  }

  private boolean isLarge(Row row) {
    return row.sizeBytes() >= limits.largeRowBytes();
  }

  /** Writes a row to a file of its own, and returns where its key's row was before. */
  private long writeLarge(Row row) {
    partition.partition(struct.wrap(row));
    OpenDataFile open = openFile(partition, order.isPresent(), true);
    long position = open.write(row);
    codec.encode(row, keyColumns);
    long high = codec.high();
    long low = codec.low();
    open.finish();
    return index.put(high, low, Location.inFile(open.live().ordinal(), position));
  }

  private boolean remove(long high, long low) {
    long at = index.get(high, low);
    if (!kill(at)) {
      return false;
    }
    index.put(high, low, Location.DELETED);
    if (deletedKeysUsed == deletedKeys.length) {
      deletedKeys = Arrays.copyOf(deletedKeys, Math.multiplyExact(deletedKeysUsed, 2));
    }
    deletedKeys[deletedKeysUsed++] = high;
    deletedKeys[deletedKeysUsed++] = low;
    return true;
  }

  private boolean isLive(long location) {
    if (Location.isPending(location)) {
      return pending.isLive(Location.slot(location));
    }
    LiveFile file = fileOf(location);
    return file != null && file.isLive(Location.position(location));
  }

  /** Marks the row at a location dead; false where none lives there. */
  private boolean kill(long location) {
    if (Location.isPending(location)) {
      pending.kill(Location.slot(location));
      return true;
    }
    LiveFile file = fileOf(location);
    return file != null && file.kill(Location.position(location));
  }

  private @Nullable LiveFile fileOf(long location) {
    return Location.isInFile(location) ? files.get(Location.ordinal(location)) : null;
  }

  private void requireNothingPrepared() {
    if (prepared != null) {
      throw new IllegalStateException(
          "a delta of table " + schema.id() + " is prepared and not committed");
    }
  }

  /** The new row with those values of its key that it lacks, because they are the former row's. */
  private Row withKey(Row before, Row after) {
    boolean lacks = false;
    for (int column : keyColumns) {
      if (before.isUnchanged(column)) {
        throw new IllegalArgumentException(
            "an update of table " + schema.id() + " does not say which row it is about");
      }
      lacks |= after.isUnchanged(column);
    }
    if (!lacks) {
      return after;
    }
    merged.begin(after.columnCount());
    for (int column = 0; column < after.columnCount(); column++) {
      boolean ofKey = schema.key().contains(column);
      merged.copy(
          column,
          ofKey && after.isUnchanged(column) ? before : after,
          column,
          schema.columns().get(column).type().form() == ColumnType.Form.BYTES);
    }
    // the builder is used again for the other values
    return merged.build().copy();
  }

  /**
   * The row {@code after} with its unchanged values from another one.
   *
   * @param columnsOfOther where in the other row each column is, -1 for a column that it lacks;
   *     null where it has the table's layout
   */
  private Row merge(Row after, Row other, int @Nullable [] columnsOfOther) {
    int count = after.columnCount();
    merged.begin(count);
    for (int column = 0; column < count; column++) {
      boolean asBytes = schema.columns().get(column).type().form() == ColumnType.Form.BYTES;
      if (after.isUnchanged(column)) {
        merged.copy(
            column, other, columnsOfOther == null ? column : columnsOfOther[column], asBytes);
      } else {
        merged.copy(column, after, column, asBytes);
      }
    }
    try {
      return merged.build();
    } catch (RowTooLargeException e) {
      throw e.of(schema.id(), KeyText.of(schema, after));
    }
  }

  // ---- rows to files

  private void flushIfFull() throws InterruptedException {
    if (pending.bytes() >= limits.pendingBytes()) {
      flush();
    }
  }

  /** Writes the live rows that wait to files, with values filled in where they lack any. */
  private void flush() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("interrupted before writing table " + schema.id());
    }
    SlotList complete = new SlotList(pending.live());
    List<Integer> incomplete = new ArrayList<>();
    for (int slot = 0; slot < pending.slots(); slot++) {
      if (pending.isLive(slot)) {
        if (pending.base(slot) == KeyIndex.NONE) {
          complete.add(slot);
        } else {
          incomplete.add(slot);
        }
      }
    }
    if (!incomplete.isEmpty()) {
      finishLoads();
      fillIn(incomplete, complete);
    }
    writeOut(complete);
    pending.clear();
    closeIdleLoads();
  }

  /**
   * Reads the values that rows lack from the files in which their bases are, file by file. The rows
   * go to the complete ones, and with these to files whenever they reach their bound, because the
   * values filled in may be far larger than the rows were.
   */
  private void fillIn(List<Integer> incomplete, SlotList complete) {
    incomplete.sort(Comparator.comparingLong(pending::base));
    int from = 0;
    while (from < incomplete.size()) {
      int ordinal = Location.ordinal(pending.base(incomplete.get(from)));
      int to = from;
      while (to < incomplete.size()
          && Location.ordinal(pending.base(incomplete.get(to))) == ordinal) {
        to++;
      }
      LiveFile file = files.get(ordinal);
      if (file == null) {
        throw new IllegalStateException(
            "file " + ordinal + " of table " + schema.id() + " is gone");
      }
      fillIn(file, incomplete.subList(from, to), complete);
      from = to;
    }
  }

  private void fillIn(LiveFile file, List<Integer> slots, SlotList complete) {
    int[] lacking =
        IntStream.range(0, schema.columns().size())
            .filter(
                column -> slots.stream().anyMatch(slot -> pending.row(slot).isUnchanged(column)))
            .toArray();
    int[] columnsInFile = new int[schema.columns().size()];
    Arrays.fill(columnsInFile, -1);
    for (int i = 0; i < lacking.length; i++) {
      columnsInFile[lacking[i]] = i;
    }
    Map<Long, Integer> slotAt = new HashMap<>();
    for (int slot : slots) {
      if (slotAt.put(Location.position(pending.base(slot)), slot) != null) {
        throw new IllegalStateException("two rows of table " + schema.id() + " have one base");
      }
    }
    long[] positions = slotAt.keySet().stream().mapToLong(Long::longValue).sorted().toArray();
    ParquetRows.read(
        table.io(),
        file.file(),
        layout.fileColumns(lacking),
        ParquetRows.Wanted.at(positions),
        (position, row) -> {
          Integer slot = slotAt.remove(position);
          if (slot == null) {
            throw new IllegalStateException("position " + position + " was read twice");
          }
          Row filled = merge(pending.row(slot), row, columnsInFile);
          if (isLarge(filled)) {
            requireWaiting(writeLarge(filled), slot);
            pending.kill(slot);
            return;
          }
          pending.fill(slot, filled);
          complete.add(slot);
          if (pending.filledBytes() >= limits.pendingBytes()) {
            writeOut(complete);
            complete.clear();
            pending.clearFilled();
          }
        });
    if (!slotAt.isEmpty()) {
      throw new FirnException(
          FirnException.Kind.REPLICA_UNFIT,
          "file "
              + file.file().location()
              + " of table "
              + schema.id()
              + " ends before position "
              + slotAt.keySet().iterator().next(),
          "drop the Iceberg table and start Firn again: it loads the table anew");
    }
  }

  private void writeOut(SlotList slots) {
    if (slots.size() == 0) {
      return;
    }
    if (spec.isUnpartitioned()) {
      writeOut(partition, slots);
      return;
    }
    Map<PartitionKey, SlotList> byPartition = new LinkedHashMap<>();
    for (int i = 0; i < slots.size(); i++) {
      partition.partition(struct.wrap(pending.row(slots.get(i))));
      SlotList of = byPartition.get(partition);
      if (of == null) {
        of = new SlotList(16);
        byPartition.put(partition.copy(), of);
      }
      of.add(slots.get(i));
    }
    byPartition.forEach(this::writeOut);
  }

  private void writeOut(PartitionKey of, SlotList slots) {
    order.ifPresent(
        rows -> slots.sort((one, other) -> rows.compare(pending.row(one), pending.row(other))));
    OpenDataFile open = null;
    for (int i = 0; i < slots.size(); i++) {
      if (open == null) {
        open = openFile(of, order.isPresent(), false);
      }
      int slot = slots.get(i);
      Row row = pending.row(slot);
      long position = open.write(row);
      codec.encode(row, keyColumns);
      long former =
          index.put(codec.high(), codec.low(), Location.inFile(open.live().ordinal(), position));
      requireWaiting(former, slot);
      if (open.isFull(targetFileBytes)) {
        open.finish();
        open = null;
      }
    }
    if (open != null) {
      open.finish();
    }
  }

  private void requireWaiting(long former, int slot) {
    if (former != Location.pending(slot)) {
      throw new IllegalStateException(
          "the key index of table " + schema.id() + " had " + former + " for a waiting row");
    }
  }

  private OpenDataFile openFile(PartitionKey of, boolean sorted, boolean large) {
    LiveFile live = LiveFile.opened(files.size());
    OpenDataFile open =
        OpenDataFile.open(
            table,
            layout,
            dataNames,
            spec,
            spec.isUnpartitioned() ? null : of.copy(),
            sorted ? sortOrder : SortOrder.unsorted(),
            large,
            live);
    files.add(live);
    written.add(live);
    return open;
  }

  private void finishLoads() {
    loads.values().forEach(OpenDataFile::finish);
    loads.clear();
  }

  /** A load that has left a partition behind need not keep its file open. */
  private void closeIdleLoads() {
    loads
        .entrySet()
        .removeIf(entry -> {
          boolean idle = !entry.getValue().wasUsed();
          if (idle) {
            entry.getValue().finish();
          }
          return idle;
        });
  }

  private void abandonLoads() {
    for (OpenDataFile open : loads.values()) {
      open.finish();
      discard(open.live());
    }
    loads.clear();
  }

  // ---- the delta

  private TableDelta prepareFiles() {
    List<LiveFile> removed = new ArrayList<>(emptied);
    List<LiveFile> touched = new ArrayList<>();
    for (LiveFile file : new ArrayList<>(files)) {
      if (file == null || file.deadNow() == null) {
        continue;
      }
      if (!file.isAllDead()) {
        touched.add(file);
      } else if (file.isCommitted()) {
        removed.add(file);
      } else {
        discard(file);
      }
    }
    List<PositionDeletes.Written> newDeletes = PositionDeletes.write(table, deleteNames, touched);
    List<DataFile> added = written.stream().map(LiveFile::file).toList();
    List<DeleteFile> replaced = new ArrayList<>();
    newDeletes.forEach(each -> replaced.addAll(each.replaced()));
    removed.forEach(file -> replaced.addAll(PositionDeletes.replaceable(file)));
    Set<String> referenced = new HashSet<>();
    for (LiveFile file : touched) {
      if (file.isCommitted()) {
        referenced.add(file.file().location());
      }
    }
    Map<String, Long> deleteFileBytes = new HashMap<>();
    newDeletes.forEach(
        each -> deleteFileBytes.put(each.added().location(), each.added().fileSizeInBytes()));
    TableDelta delta =
        new TableDelta(
            baseSnapshotId == NO_SNAPSHOT ? OptionalLong.empty() : OptionalLong.of(baseSnapshotId),
            added,
            newDeletes.stream().map(PositionDeletes.Written::added).toList(),
            replaced,
            removed.stream().map(LiveFile::file).toList(),
            referenced,
            new TableWritten(
                schema.id(),
                inserts,
                updates,
                deletes,
                truncates,
                added.size(),
                deleteFileBytes.size(),
                added.stream().mapToLong(ContentFile::fileSizeInBytes).sum()
                    + deleteFileBytes.values().stream().mapToLong(Long::longValue).sum()));
    prepared = new Prepared(delta, newDeletes, removed);
    return delta;
  }

  private void endCheckpoint() {
    prepared = null;
    for (int i = 0; i < deletedKeysUsed; i += 2) {
      if (index.get(deletedKeys[i], deletedKeys[i + 1]) == Location.DELETED) {
        index.remove(deletedKeys[i], deletedKeys[i + 1]);
      }
    }
    deletedKeysUsed = 0;
    written.clear();
    emptied.clear();
    truncated = false;
    inserts = 0;
    updates = 0;
    deletes = 0;
    truncates = 0;
  }

  /** Takes a file that was never committed out of the checkpoint and of storage. */
  private void discard(LiveFile file) {
    written.remove(file);
    if (file.isFinished()) {
      deleteFromStorage(file.file().location());
    }
    forget(file);
  }

  private void forget(LiveFile file) {
    file.remove();
    if (files.get(file.ordinal()) == file) {
      files.set(file.ordinal(), null);
    }
  }

  private void deleteFromStorage(String location) {
    try {
      table.io().deleteFile(location);
    } catch (RuntimeException e) {
      // nothing refers to the file, so it costs space and nothing else
      LOG.warn("table {}: file {} of no use could not be deleted", schema.id(), location, e);
    }
  }

  // ---- following the table

  /** Brings index and files from the base snapshot to the table's current one. */
  private void refresh(Table to) throws InterruptedException {
    table = to;
    Snapshot current = to.currentSnapshot();
    if (current != null && current.snapshotId() == baseSnapshotId) {
      return;
    }
    Snapshot base = baseSnapshotId == NO_SNAPSHOT ? null : to.snapshot(baseSnapshotId);
    if (current != null && base != null && sameFiles(to, base, current)) {
      baseSnapshotId = current.snapshotId();
      return;
    }
    Map<String, LiveFile> known = new HashMap<>();
    for (LiveFile file : files) {
      if (file != null && file.isCommitted()) {
        known.put(file.file().location(), file);
      }
    }
    Map<String, LiveFile> leaving = new HashMap<>();
    emptied.forEach(file -> leaving.put(file.file().location(), file));
    emptied.clear();
    List<KeyScan.Task> changed = new ArrayList<>();
    List<KeyScan.Task> added = new ArrayList<>();
    if (current != null) {
      try (CloseableIterable<FileScanTask> plan =
          to.newScan().useSnapshot(current.snapshotId()).planFiles()) {
        for (FileScanTask task : plan) {
          List<DeleteFile> applied = positionDeletes(task);
          LiveFile file = known.remove(task.file().location());
          if (file != null) {
            if (!file.hasDeleteFiles(applied)) {
              changed.add(new KeyScan.Task(file, applied, false));
            }
          } else if (truncated) {
            // whatever the table held before this checkpoint is to go, in whichever file it is
            LiveFile old = leaving.get(task.file().location());
            file = LiveFile.committed(old == null ? files.size() : old.ordinal(), task.file());
            if (old == null) {
              files.add(null);
            }
            changed.add(new KeyScan.Task(file, applied, false));
            emptied.add(file);
          } else {
            file = LiveFile.committed(files.size(), task.file());
            files.add(file);
            added.add(new KeyScan.Task(file, applied, true));
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException("cannot list the files of " + to.name(), e);
      }
    }
    known.values().forEach(this::forget);
    KeyScan scan = new KeyScan(to.io(), layout, codec, limits.scanThreads());
    scan.run(changed, this::found);
    scan.run(added, this::found);
    baseSnapshotId = current == null ? NO_SNAPSHOT : current.snapshotId();
  }

  /**
   * A live row of a file that the index did not know. Its key decides: not known, or known in a
   * file that is gone, so the row moved here; replaced or deleted within this checkpoint, so this
   * older row is dead; live elsewhere in the table, so the table holds the key twice.
   */
  private void found(LiveFile file, long position, long high, long low) {
    long at = index.get(high, low);
    LiveFile elsewhere = fileOf(at);
    if (at == Location.DELETED
        || Location.isPending(at)
        || (elsewhere != null && !elsewhere.isCommitted())) {
      file.kill(position);
    } else if (isLive(at)) {
      throw new FirnException(
          FirnException.Kind.REPLICA_UNFIT,
          "table "
              + schema.id()
              + " holds a key twice: at position "
              + position
              + " of "
              + file.file().location()
              + " and at position "
              + Location.position(at)
              + " of "
              + (elsewhere == null ? "" : elsewhere.file().location()),
          "find out who writes to the table besides Firn, then drop the Iceberg table and start"
              + " again: Firn loads it anew");
    } else {
      index.put(high, low, Location.inFile(file.ordinal(), position));
    }
  }

  private List<DeleteFile> positionDeletes(FileScanTask task) {
    for (DeleteFile each : task.deletes()) {
      if (each.content() != FileContent.POSITION_DELETES) {
        throw new FirnException(
            FirnException.Kind.REPLICA_UNFIT,
            "table "
                + schema.id()
                + " holds the equality-delete file "
                + each.location()
                + ", which Firn never writes",
            "compact the table with the engine that wrote it, or drop it and start"
                + " Firn again: it loads the table anew");
      }
    }
    return task.deletes();
  }

  /** Whether two snapshots list the same manifests, and so hold the same files. */
  private static boolean sameFiles(Table table, Snapshot one, Snapshot other) {
    return manifests(table, one).equals(manifests(table, other));
  }

  private static Set<String> manifests(Table table, Snapshot snapshot) {
    return snapshot.allManifests(table.io()).stream()
        .map(ManifestFile::path)
        .collect(Collectors.toSet());
  }
}
