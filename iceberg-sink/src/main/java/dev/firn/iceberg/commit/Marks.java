package dev.firn.iceberg.commit;

import dev.firn.change.position.Frontier;
import dev.firn.change.position.Position;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * What Firn writes into the summary of each of its snapshots, and as table properties in the same
 * commit: properties outlive the snapshots' expiry and commits of others.
 *
 * @param epoch which daemon's turn it is; rises with each start
 * @param daemon a random name of this one start, so that it knows its own commits from those of
 *     another that thinks it has the same epoch
 * @param checkpoint the checkpoint's id, in one rising sequence for the whole replica
 * @param position where the table stands in the source's log; empty before the first
 * @param frontier how much of the table is loaded; empty for the control table
 */
public record Marks(
    long epoch,
    String daemon,
    long checkpoint,
    Optional<Position> position,
    Optional<Frontier> frontier) {
  /** Name of the epoch. */
  public static final String EPOCH = "firn.epoch";

  /** Name of the daemon. */
  public static final String DAEMON = "firn.daemon";

  /** Name of the checkpoint. */
  public static final String CHECKPOINT = "firn.checkpoint";

  /** Name of the position. */
  public static final String POSITION = "firn.position";

  /** Name of the frontier. */
  public static final String FRONTIER = "firn.frontier";

  /** Property with the id of the snapshot that carries the marks. Not in the summary. */
  public static final String SNAPSHOT = "firn.snapshot";

  /** Property with the sequence number of that snapshot. Not in the summary. */
  public static final String SEQUENCE_NUMBER = "firn.sequence-number";

  /** Property of a data table: the Iceberg UUID of the control table that it belongs to. */
  public static final String REPLICA = "firn.replica";

  /** What a table says that Firn has never committed. */
  public static final Marks NONE =
      new Marks(0, "", 0, Optional.empty(), Optional.of(new Frontier.NotLoaded()));

  /**
   * Reads them from a table's properties.
   *
   * @throws IllegalArgumentException where one cannot be read
   */
  public static Marks parse(Map<String, String> properties) {
    return new Marks(
        Long.parseLong(properties.getOrDefault(EPOCH, "0")),
        properties.getOrDefault(DAEMON, ""),
        Long.parseLong(properties.getOrDefault(CHECKPOINT, "0")),
        Optional.ofNullable(properties.get(POSITION)).map(Position::parse),
        Optional.ofNullable(properties.get(FRONTIER)).map(Frontier::parse));
  }

  /** The id of the last snapshot of Firn's in a table, by its properties. */
  public static OptionalLong snapshotId(Map<String, String> properties) {
    return number(properties, SNAPSHOT);
  }

  /** The sequence number of that snapshot; empty where an older Firn wrote it. */
  static OptionalLong sequenceNumber(Map<String, String> properties) {
    return number(properties, SEQUENCE_NUMBER);
  }

  private static OptionalLong number(Map<String, String> properties, String name) {
    String number = properties.get(name);
    return number == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(number));
  }

  /** The entries of the summary and of the properties. */
  public Map<String, String> entries() {
    Map<String, String> entries = new TreeMap<>();
    entries.put(EPOCH, Long.toString(epoch));
    entries.put(DAEMON, daemon);
    entries.put(CHECKPOINT, Long.toString(checkpoint));
    position.ifPresent(p -> entries.put(POSITION, p.toText()));
    frontier.ifPresent(f -> entries.put(FRONTIER, f.toText()));
    return entries;
  }

  /** Whether these entries are of the same commit. */
  boolean sameCommit(Map<String, String> other) {
    return Long.toString(epoch).equals(other.get(EPOCH))
        && Long.toString(checkpoint).equals(other.get(CHECKPOINT))
        && daemon.equals(other.get(DAEMON));
  }
}
