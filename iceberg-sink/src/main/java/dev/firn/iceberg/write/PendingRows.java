package dev.firn.iceberg.write;

import dev.firn.change.row.Row;
import dev.firn.change.row.RowArena;
import dev.firn.iceberg.index.KeyIndex;
import java.util.Arrays;

/**
 * Rows of this checkpoint that are in no file yet, each in a numbered slot. A row may lack the
 * values that its change left as they were; it then has a base, the place in a file where they are.
 */
final class PendingRows {
  private static final long DEAD = -1;
  private static final long FILLED = 1L << 62;

  private final RowArena arena = new RowArena();
  private final RowArena filled = new RowArena();
  private long[] references = new long[1024];
  private long[] bases = new long[1024];
  private int slots;
  private int live;
  private long usedBytes;
  private long filledBytes;

  /**
   * Copies a row in and returns its slot.
   *
   * @param base where the unchanged values are; {@link KeyIndex#NONE} for a row that has none
   */
  int add(Row row, long base) {
    if (base == KeyIndex.NONE && row.hasUnchanged()) {
      throw new IllegalArgumentException("a row with unchanged values needs a row to take them of");
    }
    if (slots == references.length) {
      references = Arrays.copyOf(references, Math.multiplyExact(slots, 2));
      bases = Arrays.copyOf(bases, references.length);
    }
    references[slots] = arena.add(row);
    bases[slots] = base;
    usedBytes += row.sizeBytes();
    live++;
    return slots++;
  }

  void kill(int slot) {
    if (isLive(slot)) {
      references[slot] = DEAD;
      live--;
    }
  }

  boolean isLive(int slot) {
    return references[slot] != DEAD;
  }

  Row row(int slot) {
    long reference = references[slot];
    return (reference & FILLED) == 0 ? arena.get(reference) : filled.get(reference ^ FILLED);
  }

  /** Replaces a row by the same with its unchanged values filled in. */
  void fill(int slot, Row complete) {
    if (!isLive(slot) || complete.hasUnchanged()) {
      throw new IllegalArgumentException("slot " + slot + " cannot be filled so");
    }
    references[slot] = filled.add(complete) | FILLED;
    filledBytes += complete.sizeBytes();
  }

  /** The bytes of the rows that were filled in. */
  long filledBytes() {
    return filledBytes;
  }

  /** Drops the rows that were filled in, once they are in files. */
  void clearFilled() {
    for (int slot = 0; slot < slots; slot++) {
      if (references[slot] >= FILLED) {
        kill(slot);
      }
    }
    filled.clear();
    filledBytes = 0;
  }

  /** Where the row's unchanged values are, or {@link KeyIndex#NONE}. */
  long base(int slot) {
    return bases[slot];
  }

  int slots() {
    return slots;
  }

  int live() {
    return live;
  }

  long bytes() {
    return usedBytes + filledBytes + 16L * slots;
  }

  void clear() {
    clearFilled();
    arena.clear();
    usedBytes = 0;
    slots = 0;
    live = 0;
  }
}
