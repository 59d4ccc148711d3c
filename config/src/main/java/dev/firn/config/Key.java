package dev.firn.config;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A key of a section.
 *
 * @param name the key as users write it
 * @param shape what its value must be
 * @param description what it means, for editors
 * @param presence what holds when the file leaves it out
 */
record Key<T>(String name, Shape<T> shape, String description, Presence<T> presence) {
  /** What holds when the file leaves a key out. */
  sealed interface Presence<T> {
    /** A problem. */
    record Required<T>(String example) implements Presence<T> {}

    /** Nothing: the section asks with {@link Fields#find}. */
    record Optional<T>() implements Presence<T> {}

    /** A value; {@code shown} is how a user would write it, empty where a file cannot. */
    record Default<T>(T value, String shown) implements Presence<T> {}
  }

  Key {
    Objects.requireNonNull(name, "name");
  }

  static <T> Key<T> required(String name, Shape<T> shape, String example, String description) {
    return new Key<>(name, shape, description, new Presence.Required<>(example));
  }

  static <T> Key<T> optional(String name, Shape<T> shape, String description) {
    return new Key<>(name, shape, description, new Presence.Optional<>());
  }

  static <T> Key<T> defaulted(
      String name, Shape<T> shape, T value, String shown, String description) {
    return new Key<>(name, shape, description, new Presence.Default<>(value, shown));
  }

  @Nullable T read(YamlNode node, Place place) {
    return shape.read(node, place);
  }
}
