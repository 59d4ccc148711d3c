package dev.firn.config;

import java.util.Objects;
import java.util.function.Supplier;

/**
 * A value that must not be shown. It prints as {@code ***} and has no equality by value. A secret
 * from a file is read anew at each {@link #reveal}.
 */
public final class Secret {
  private final Supplier<String> value;

  private Secret(Supplier<String> value) {
    this.value = Objects.requireNonNull(value, "value");
  }

  /** A secret that does not change. */
  public static Secret of(String value) {
    Objects.requireNonNull(value, "value");
    return new Secret(() -> value);
  }

  /** A secret that is fetched at each use. */
  public static Secret from(Supplier<String> value) {
    return new Secret(value);
  }

  /**
   * The value, for the one call that needs it.
   *
   * @throws ConfigException when the file that holds it can no longer be read
   */
  public String reveal() {
    return value.get();
  }

  @Override
  public String toString() {
    return "***";
  }
}
