package dev.firn.iceberg.index;

import org.jspecify.annotations.Nullable;

/**
 * Open addressing with linear probing over arrays of longs: no object per key. A key's hash chooses
 * one of 256 segments, each of which grows by itself, so that growing copies 1/256 of the index at
 * a time and the memory never doubles at once. Removing shifts the entries behind back, so there
 * are no tombstones.
 *
 * <p>An entry is the key (its low half alone where all keys fit it) and the location plus one; 0
 * marks a free entry.
 */
final class HeapKeyIndex implements KeyIndex {
  private static final int SEGMENTS = 256;
  private static final int FIRST_CAPACITY = 16;

  private final @Nullable Segment[] segments = new Segment[SEGMENTS];
  private final boolean narrow;
  private final int stride;
  private long size;

  /**
   * An empty index.
   *
   * @param narrow whether every key's high half is 0
   */
  HeapKeyIndex(boolean narrow) {
    this.narrow = narrow;
    this.stride = narrow ? 2 : 3;
  }

  private final class Segment {
    private long[] entries = new long[FIRST_CAPACITY * stride];
    private int mask = FIRST_CAPACITY - 1;
    private int used;

    /** The array index of the key's entry, or of the free one where it would go. */
    private int find(long hash, long high, long low) {
      int slot = (int) hash & mask;
      while (true) {
        int at = slot * stride;
        if (entries[at + stride - 1] == 0
            || (entries[at] == low && (narrow || entries[at + 1] == high))) {
          return at;
        }
        slot = (slot + 1) & mask;
      }
    }

    private long put(long hash, long high, long low, long location) {
      int at = find(hash, high, low);
      long former = entries[at + stride - 1] - 1;
      if (former == NONE) {
        if (4L * (used + 1) > 3L * (mask + 1L)) {
          grow();
          at = find(hash, high, low);
        }
        used++;
        entries[at] = low;
        if (!narrow) {
          entries[at + 1] = high;
        }
      }
      entries[at + stride - 1] = location + 1;
      return former;
    }

    private void grow() {
      long[] old = entries;
      int capacity = Math.multiplyExact(mask + 1, 2);
      entries = new long[Math.multiplyExact(capacity, stride)];
      mask = capacity - 1;
      for (int at = 0; at < old.length; at += stride) {
        if (old[at + stride - 1] != 0) {
          long high = narrow ? 0 : old[at + 1];
          System.arraycopy(old, at, entries, find(hash(high, old[at]), high, old[at]), stride);
        }
      }
    }

    private long remove(long hash, long high, long low) {
      int free = find(hash, high, low);
      long former = entries[free + stride - 1] - 1;
      if (former == NONE) {
        return NONE;
      }
      used--;
      int freeSlot = free / stride;
      int slot = freeSlot;
      while (true) {
        slot = (slot + 1) & mask;
        int at = slot * stride;
        if (entries[at + stride - 1] == 0) {
          break;
        }
        int home = (int) hash(narrow ? 0 : entries[at + 1], entries[at]) & mask;
        // the entry may move to the free place unless its home lies behind that place
        if (((slot - home) & mask) >= ((slot - freeSlot) & mask)) {
          System.arraycopy(entries, at, entries, freeSlot * stride, stride);
          freeSlot = slot;
        }
      }
      entries[freeSlot * stride + stride - 1] = 0;
      return former;
    }
  }

  private static long hash(long high, long low) {
    long mixed = low ^ Long.rotateLeft(high * 0x9E3779B97F4A7C15L, 32);
    mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }

  @Override
  public long get(long high, long low) {
    long hash = hash(high, low);
    Segment segment = segments[(int) (hash >>> 56)];
    if (segment == null) {
      return NONE;
    }
    return segment.entries[segment.find(hash, high, low) + stride - 1] - 1;
  }

  @Override
  public long put(long high, long low, long location) {
    if (location == NONE || (narrow && high != 0)) {
      throw new IllegalArgumentException("location " + location + " for key " + high + "," + low);
    }
    long hash = hash(high, low);
    int number = (int) (hash >>> 56);
    Segment segment = segments[number];
    if (segment == null) {
      segment = new Segment();
      segments[number] = segment;
    }
    long former = segment.put(hash, high, low, location);
    if (former == NONE) {
      size++;
    }
    return former;
  }

  @Override
  public long remove(long high, long low) {
    long hash = hash(high, low);
    Segment segment = segments[(int) (hash >>> 56)];
    if (segment == null) {
      return NONE;
    }
    long former = segment.remove(hash, high, low);
    if (former != NONE) {
      size--;
    }
    return former;
  }

  @Override
  public void clear() {
    java.util.Arrays.fill(segments, null);
    size = 0;
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public long memoryBytes() {
    long bytes = 0;
    for (Segment segment : segments) {
      bytes += segment == null ? 0 : 8L * segment.entries.length;
    }
    return bytes;
  }
}
