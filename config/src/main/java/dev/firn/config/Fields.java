package dev.firn.config;

import java.util.HashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/** The values of a section's keys as far as they could be read. */
final class Fields {
  private final Map<Key<?>, Object> values = new HashMap<>();
  private final Map<Key<?>, Place> places = new HashMap<>();

  <T> void put(Key<T> key, T value) {
    values.put(key, value);
  }

  void written(Key<?> key, Place place) {
    places.put(key, place);
  }

  /** The value of a key that is there; only for a section that was read without a problem. */
  <T> T get(Key<T> key) {
    return find(key).orElseThrow(() -> new NoSuchElementException(key.name()));
  }

  /** The value of a key, where it was written and could be read, or has a default. */
  @SuppressWarnings("unchecked") // put() pairs each key with a value of its own type
  <T> Optional<T> find(Key<T> key) {
    return Optional.ofNullable((T) values.get(key));
  }

  /** Whether the file has the key, right or wrong. */
  boolean isWritten(Key<?> key) {
    return places.containsKey(key);
  }

  /** Where the key's value stands; the section itself where the file leaves it out. */
  Place place(Key<?> key, Place section) {
    return places.getOrDefault(key, section.key(key.name(), section.at()));
  }
}
