package dev.firn.e2e.architecture.breach;

/** Breaks a rule. */
public final class EndsTheProcess {
  void end() {
    System.exit(1);
  }
}
