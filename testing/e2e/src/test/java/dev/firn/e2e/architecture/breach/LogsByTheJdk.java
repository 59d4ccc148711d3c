package dev.firn.e2e.architecture.breach;

import java.util.logging.Logger;

/** Breaks a rule. */
public final class LogsByTheJdk {
  private static final Logger LOG = Logger.getLogger("breach");
}
