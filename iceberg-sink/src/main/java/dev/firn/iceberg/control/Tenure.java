package dev.firn.iceberg.control;

import java.util.UUID;

/**
 * A process's hold on a replica, from one opening of it to the next: a start takes the replica over
 * from whoever has it, but one that has lost it since must not take it back only because it
 * connects anew. Not thread-safe.
 */
public final class Tenure {
  private final String process = UUID.randomUUID().toString();
  private int openings;
  private boolean held;

  /** The name of the next opening, which nobody had before. */
  public String open() {
    openings++;
    return process + "." + openings;
  }

  /** The replica was claimed. */
  void claimed() {
    held = true;
  }

  /**
   * Whether the replica may be claimed.
   *
   * @param holder the name of the opening that has it; empty where none does
   */
  boolean mayClaimFrom(String holder) {
    return !held || holder.isEmpty() || holder.startsWith(process);
  }
}
