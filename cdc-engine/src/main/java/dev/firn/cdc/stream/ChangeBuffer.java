package dev.firn.cdc.stream;

import dev.firn.change.ChangeSink;
import dev.firn.change.fault.FirnException;
import dev.firn.change.row.Row;
import dev.firn.change.row.RowArena;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Holds the changes of one transaction whose end is not known yet. Not thread-safe. */
final class ChangeBuffer {
  private static final long NO_ROW = -1;
  private static final int ENTRY_BYTES = 64;

  private sealed interface Entry {
    record Insert(TableSchema table, long after) implements Entry {}

    record Update(TableSchema table, long before, long after) implements Entry {}

    record Delete(TableSchema table, long before) implements Entry {}

    record Truncate(List<TableSchema> tables) implements Entry {}

    record Refusal(TableSchema table, FirnException reason) implements Entry {}
  }

  private final long maxBytes;
  private final RowArena rows = new RowArena();
  private final List<Entry> entries = new ArrayList<>();
  private final Set<TableId> refused = new HashSet<>();

  ChangeBuffer(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  void insert(TableSchema table, Row after) {
    add(new Entry.Insert(table, rows.add(after)));
  }

  /** An update; the same object for both rows where the key did not change. */
  void update(TableSchema table, Row before, Row after) {
    add(new Entry.Update(table, before == after ? NO_ROW : rows.add(before), rows.add(after)));
  }

  void delete(TableSchema table, Row before) {
    add(new Entry.Delete(table, rows.add(before)));
  }

  void truncate(List<TableSchema> tables) {
    add(new Entry.Truncate(List.copyOf(tables)));
  }

  /**
   * A place that must not be passed, unless the sink does not want the table's changes. What the
   * table has behind it need not be held.
   */
  void refuse(TableSchema table, FirnException reason) {
    refused.add(table.id());
    add(new Entry.Refusal(table, reason));
  }

  /** Whether a table was refused in this transaction. */
  boolean refuses(TableSchema table) {
    return refused.contains(table.id());
  }

  private void add(Entry entry) {
    entries.add(entry);
    if (rows.sizeBytes() + (long) ENTRY_BYTES * entries.size() > maxBytes) {
      throw new FirnException(
          FirnException.Kind.REPLICA_UNFIT,
          "a transaction that only some of the replica's tables have is larger than "
              + (maxBytes >> 20)
              + " MiB, which is what Firn holds in memory to complete it",
          "load the replica again: drop the slot, and the replica's tables and control table in the"
              + " catalog, run firn setup, and start");
    }
  }

  /** Hands everything to the sink, in order, and forgets it. */
  void replay(ChangeSink sink) throws InterruptedException {
    for (Entry entry : entries) {
      switch (entry) {
        case Entry.Insert(TableSchema table, long after) -> sink.insert(table, rows.get(after));
        case Entry.Update(TableSchema table, long before, long after) -> {
          Row row = rows.get(after);
          sink.update(table, before == NO_ROW ? row : rows.get(before), row);
        }
        case Entry.Delete(TableSchema table, long before) -> sink.delete(table, rows.get(before));
        case Entry.Truncate(List<TableSchema> tables) -> sink.truncate(tables);
        case Entry.Refusal(TableSchema table, FirnException reason) -> {
          if (sink.wants(table)) {
            throw reason;
          }
        }
      }
    }
    entries.clear();
    refused.clear();
    rows.clear();
  }
}
