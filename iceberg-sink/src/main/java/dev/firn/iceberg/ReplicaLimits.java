package dev.firn.iceberg;

import dev.firn.iceberg.maintenance.Retention;
import java.time.Duration;

/**
 * Bounds of a replica that users do not set.
 *
 * @param idleEvery how often a position is recorded at most while nothing changes
 * @param statusEvery how often the control table's rows are written at most
 * @param lookEvery how often it is looked whether others did something to tables, at most
 * @param tableSnapshots which snapshots of the tables stay
 * @param controlSnapshots which snapshots of the control table stay
 */
public record ReplicaLimits(
    Duration idleEvery,
    Duration statusEvery,
    Duration lookEvery,
    Retention tableSnapshots,
    Retention controlSnapshots) {
  /** For a daemon. */
  public static final ReplicaLimits DEFAULT =
      new ReplicaLimits(
          Duration.ofMinutes(1),
          Duration.ofMinutes(1),
          Duration.ofMinutes(1),
          new Retention(Duration.ofMinutes(10), 10, 50),
          new Retention(Duration.ofMinutes(10), 100, 50));
}
