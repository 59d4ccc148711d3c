package dev.firn.e2e.architecture.breach;

/** Breaks a rule. */
public final class ThrowsAnything {
  void fail() {
    throw new RuntimeException("anything");
  }
}
