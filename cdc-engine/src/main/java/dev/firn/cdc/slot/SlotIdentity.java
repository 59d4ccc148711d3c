package dev.firn.cdc.slot;

import dev.firn.change.position.PostgresPosition;
import java.util.ArrayList;
import java.util.List;

/**
 * Which log a slot stands in: what must stay the same, or lead on, for a position to keep its
 * meaning. Kept beside the replica.
 *
 * <p>Text: {@code pg1 <system> <timeline> <timeline@lsn,…> <slot> <database>}.
 *
 * @param systemIdentifier the cluster's own number, made by initdb
 * @param timeline the timeline that the server writes
 * @param switches where the log left each earlier timeline on its way to this one
 * @param slot the slot's name
 * @param database the database's name
 */
public record SlotIdentity(
    String systemIdentifier,
    long timeline,
    List<TimelineSwitch> switches,
    String slot,
    String database) {
  private static final String FORM = "pg1";

  /**
   * The end of a timeline within the server's history.
   *
   * @param timeline the one that was left
   * @param lsn where
   */
  public record TimelineSwitch(long timeline, long lsn) {}

  public SlotIdentity {
    switches = List.copyOf(switches);
  }

  /** The durable form. */
  public String toText() {
    StringBuilder text = new StringBuilder(FORM).append(' ').append(systemIdentifier);
    text.append(' ').append(timeline).append(' ');
    for (int i = 0; i < switches.size(); i++) {
      text.append(i == 0 ? "" : ",").append(switches.get(i).timeline()).append('@');
      text.append(PostgresPosition.lsnText(switches.get(i).lsn()));
    }
    return text.append(' ').append(slot).append(' ').append(database).toString();
  }

  /**
   * Reads the durable form.
   *
   * @throws IllegalArgumentException where the text is none
   */
  public static SlotIdentity parse(String text) {
    String[] parts = text.split(" ", 6);
    if (parts.length != 6 || !parts[0].equals(FORM)) {
      throw new IllegalArgumentException("not a slot's identity: " + text);
    }
    List<TimelineSwitch> switches = new ArrayList<>();
    if (!parts[3].isEmpty()) {
      for (String entry : parts[3].split(",", -1)) {
        int at = entry.indexOf('@');
        if (at < 1) {
          throw new IllegalArgumentException("not a slot's identity: " + text);
        }
        switches.add(
            new TimelineSwitch(
                Long.parseLong(entry.substring(0, at)),
                PostgresPosition.parseLsn(entry.substring(at + 1))));
      }
    }
    return new SlotIdentity(parts[1], Long.parseLong(parts[2]), switches, parts[4], parts[5]);
  }

  /** Where the history left that timeline, or empty where it still is on it or never was. */
  java.util.OptionalLong left(long earlier) {
    for (TimelineSwitch change : switches) {
      if (change.timeline() == earlier) {
        return java.util.OptionalLong.of(change.lsn());
      }
    }
    return java.util.OptionalLong.empty();
  }

  @Override
  public String toString() {
    return toText();
  }
}
