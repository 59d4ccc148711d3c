package dev.firn.iceberg.index;

/**
 * Where each key's row lies. A key is 128 bits that a {@link KeyCodec} makes of a row's key
 * columns; a location is any long but {@link #NONE}, whose meaning is the caller's. A cache: it can
 * be filled again from the table at any time. Not thread-safe.
 */
public interface KeyIndex {
  /** No location. */
  long NONE = -1;

  /** An index in memory, sized for the codec's keys. */
  static KeyIndex inMemory(KeyCodec codec) {
    return new HeapKeyIndex(codec.fitsLong());
  }

  /** The key's location, or {@link #NONE}. */
  long get(long high, long low);

  /** Sets the key's location, which is not {@link #NONE}, and returns the former one. */
  long put(long high, long low, long location);

  /** Forgets the key and returns its former location, or {@link #NONE}. */
  long remove(long high, long low);

  /** Forgets every key. */
  void clear();

  /** How many keys have a location. */
  long size();

  /** The memory that the index holds. */
  long memoryBytes();
}
