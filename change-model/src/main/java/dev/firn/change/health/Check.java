package dev.firn.change.health;

import java.util.Objects;

/**
 * One thing that was looked at, and how it stands. Never holds a secret.
 *
 * @param name what was looked at, in a few words
 * @param outcome how it stands
 * @param detail what was found, with the value
 * @param mend what to do about it; empty where nothing has to be done
 */
public record Check(String name, Outcome outcome, String detail, String mend) {
  /** How a thing that was looked at stands. */
  public enum Outcome {
    /** As it should be. */
    OK,
    /** Firn works, with the drawback that the detail tells. */
    WARNING,
    /** Firn cannot work before this is mended. */
    FAILED
  }

  public Check {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(outcome, "outcome");
    Objects.requireNonNull(detail, "detail");
    Objects.requireNonNull(mend, "mend");
    if (outcome == Outcome.FAILED && mend.isBlank()) {
      throw new IllegalArgumentException("the failed check '" + name + "' names no mend");
    }
  }

  /** It is as it should be. */
  public static Check ok(String name, String detail) {
    return new Check(name, Outcome.OK, detail, "");
  }

  /** It works, with a drawback. */
  public static Check warning(String name, String detail, String mend) {
    return new Check(name, Outcome.WARNING, detail, mend);
  }

  /** It must be mended first. */
  public static Check failed(String name, String detail, String mend) {
    return new Check(name, Outcome.FAILED, detail, mend);
  }
}
