package dev.firn.iceberg.maintenance;

import java.time.Duration;

/**
 * Which snapshots stay.
 *
 * @param age snapshots younger than this stay, so that a reader who pinned tables to a checkpoint
 *     has that long to read them
 * @param least so many of the newest stay whatever their age
 * @param batch how many too many there may be before they are expired together
 */
public record Retention(Duration age, int least, int batch) {
  public Retention {
    if (age.isNegative() || least < 1 || batch < 1) {
      throw new IllegalArgumentException("retention " + age + ", " + least + ", " + batch);
    }
  }
}
