package dev.firn.daemon.pipeline;

import java.util.Set;

/** Where a pipeline is in its life. */
public enum PipelineState {
  /** Nothing was done yet. */
  CREATED,
  /** Source and replica are looked at; nothing is written. */
  CHECKING,
  /** The replica is taken over, the slot verified, tables are made ready. */
  OPENING,
  /** Tables are copied for the first time. */
  LOADING,
  /** The replica follows the source. */
  STREAMING,
  /** Source or replica did not answer, or a table missed changes; another attempt follows. */
  RECONNECTING,
  /** The last checkpoint is made. */
  STOPPING,
  /** Ended as asked. */
  STOPPED,
  /** Ended by a failure; the position is kept. */
  FAILED;

  /** The states that may follow this one. */
  public Set<PipelineState> next() {
    return switch (this) {
      case CREATED -> Set.of(CHECKING, STOPPED);
      case CHECKING -> Set.of(OPENING, STOPPED, FAILED);
      case OPENING -> Set.of(LOADING, STREAMING, RECONNECTING, STOPPING, STOPPED, FAILED);
      case LOADING -> Set.of(STREAMING, RECONNECTING, STOPPING, STOPPED, FAILED);
      case STREAMING -> Set.of(STOPPING, RECONNECTING, STOPPED, FAILED);
      case RECONNECTING -> Set.of(OPENING, STOPPED, FAILED);
      case STOPPING -> Set.of(STOPPED, FAILED);
      case STOPPED, FAILED -> Set.of();
    };
  }

  /** Whether the pipeline has ended. */
  public boolean ended() {
    return next().isEmpty();
  }
}
