package dev.firn.cdc.slot;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.slot.SlotIdentity.TimelineSwitch;
import dev.firn.change.fault.Backoff;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.position.PostgresPosition;
import dev.firn.config.SourceConfig;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Tells, before each start of the stream, whether the slot can go on from the replica's position.
 *
 * <p>PostgreSQL itself does not: it moves a start that is too early to the slot's own position
 * without a word, and a slot that was dropped and made again, a restored backup or a failover that
 * lost commits all look like a slot that works.
 */
public final class SlotCheck {

  /**
   * A consumer that is frozen, or on a host that is gone, holds the slot for wal_sender_timeout: 60
   * s by default.
   */
  private static final Duration RELEASE_TIMEOUT = Duration.ofSeconds(90);

  private static final Duration RELEASE_PAUSE = Duration.ofMillis(250);

  private final SourceConfig source;
  private final PostgresConnections connections;
  private final Duration releaseTimeout;

  /** Checks of the slot that the config names. */
  public SlotCheck(SourceConfig source, PostgresConnections connections) {
    this(source, connections, RELEASE_TIMEOUT);
  }

  /**
   * Checks of the slot that the config names.
   *
   * @param releaseTimeout how long another process may still hold the slot: the server can take a
   *     while to notice that its client is gone
   */
  SlotCheck(SourceConfig source, PostgresConnections connections, Duration releaseTimeout) {
    this.source = source;
    this.connections = connections;
    this.releaseTimeout = releaseTimeout;
  }

  /**
   * Refuses a slot from which the stream could not go on without a gap.
   *
   * @param recorded the replica's recorded position
   * @param furthest the furthest place of which the replica can hold anything: after a crash
   *     between two tables' commits, or a load, beyond the recorded position
   * @param knownIdentity what this returned when the position was recorded; empty on the first
   *     start
   * @return the identity now, to be kept with the replica
   * @throws FirnException POSITION_LOST where the log between the position and the slot is gone or
   *     another; SOURCE_UNFIT where the slot is of another kind or in use; SOURCE_UNREACHABLE
   */
  public String verify(Position recorded, Position furthest, Optional<String> knownIdentity)
      throws InterruptedException {
    SlotState slot = awaitFree();
    requireKind(slot);
    requireNotBeyond(slot, pg(recorded));
    return requireServer(later(pg(recorded), pg(furthest)), knownIdentity);
  }

  /**
   * Looks whether {@link #verify} would refuse, and changes nothing. A slot in use is not waited
   * for, and its place, which moves, is left to whoever uses it.
   *
   * @throws FirnException as {@link #verify}
   */
  public void look(Position recorded, Position furthest, Optional<String> knownIdentity) {
    SlotState slot = read();
    requireKind(slot);
    if (slot.activePid().isEmpty()) {
      requireNotBeyond(slot, pg(recorded));
    }
    String ignored = requireServer(later(pg(recorded), pg(furthest)), knownIdentity);
  }

  private String requireServer(PostgresPosition furthest, Optional<String> knownIdentity) {
    Server server = identify();
    if (Long.compareUnsigned(server.flushedLsn(), furthest.lsn()) < 0) {
      throw lost(
          "the server's log ends at "
              + PostgresPosition.lsnText(server.flushedLsn())
              + ", before "
              + PostgresPosition.lsnText(furthest.lsn())
              + ", up to which the replica has it: it was restored from a backup, or a failover"
              + " lost commits");
    }
    if (knownIdentity.isPresent()) {
      requireSameHistory(SlotIdentity.parse(knownIdentity.get()), server.identity(), furthest);
    }
    return server.identity().toText();
  }

  private static PostgresPosition pg(Position position) {
    return switch (position) {
      case PostgresPosition pg -> pg;
    };
  }

  private static PostgresPosition later(PostgresPosition one, PostgresPosition other) {
    return Long.compareUnsigned(one.lsn(), other.lsn()) >= 0 ? one : other;
  }

  /**
   * Makes sure that the slot now streaming is still the one that was verified: it has not moved
   * beyond the position.
   *
   * @throws FirnException as {@link #verify}
   */
  public void verifyStreaming(PostgresPosition recorded) {
    SlotState slot = read();
    requireKind(slot);
    requireNotBeyond(slot, recorded);
  }

  /**
   * Makes sure that the log up to the position is the one that the replica was made of. A copy of a
   * server's data directory, started as it is, has its identifier and timeline. Once it has written
   * more log than the replica had read, nothing else tells it from the server that it was copied
   * from, and what it wrote up to the position would be dropped as known.
   *
   * @param lastXid the last transaction that the log holds up to the position
   * @throws FirnException POSITION_LOST where the replica had another one last
   */
  public void requireKnown(long lastXid, PostgresPosition recorded) {
    if (recorded.lastXid() != 0 && recorded.lastXid() != lastXid) {
      throw lost(
          "the last transaction that the server's log holds up to "
              + PostgresPosition.lsnText(recorded.lsn())
              + " is "
              + lastXid
              + ", and the replica has "
              + recorded.lastXid()
              + " there: the server was restored from an older copy, and has written other things"
              + " since (or publication "
              + source.publication()
              + " is another one now)");
    }
  }

  /**
   * Waits until nobody holds the slot.
   *
   * @throws FirnException SOURCE_UNFIT where somebody still does after a while; as {@link #verify}
   */
  public void awaitReleased() throws InterruptedException {
    SlotState ignored = awaitFree();
  }

  /** Up to where the server may forget the log, an LSN. */
  public long confirmedLsn() {
    return read().confirmedLsn();
  }

  private void requireNotBeyond(SlotState slot, PostgresPosition position) {
    if (Long.compareUnsigned(slot.confirmedLsn(), position.lsn()) > 0) {
      throw lost(
          "the replication slot "
              + source.slot()
              + " stands at "
              + PostgresPosition.lsnText(slot.confirmedLsn())
              + ", beyond the replica's position "
              + PostgresPosition.lsnText(position.lsn())
              + ": it was advanced by another consumer, or dropped and made again,"
              + " and the changes between are gone");
    }
  }

  private void requireKind(SlotState slot) {
    if (!slot.type().equals("logical")
        || !"pgoutput".equals(slot.plugin())
        || !source.database().equals(slot.database())) {
      throw new FirnException(
          FirnException.Kind.SOURCE_UNFIT,
          "the replication slot "
              + source.slot()
              + " is a "
              + slot.type()
              + " slot of plugin "
              + slot.plugin()
              + " on database "
              + slot.database()
              + "; Firn needs a logical slot of pgoutput on "
              + source.database(),
          "name another slot in source.slot, and let firn setup make it");
    }
    if ("lost".equals(slot.walStatus())) {
      throw lost(
          "the replication slot "
              + source.slot()
              + " is lost: the server no longer keeps the log that it needs"
              + " (max_slot_wal_keep_size, or from PostgreSQL 18 idle_replication_slot_timeout)");
    }
  }

  private void requireSameHistory(SlotIdentity known, SlotIdentity now, PostgresPosition furthest) {
    if (!known.systemIdentifier().equals(now.systemIdentifier())) {
      throw lost(
          "the server at "
              + source.address()
              + " is another database cluster (system identifier "
              + now.systemIdentifier()
              + ") than the one that the replica was made from ("
              + known.systemIdentifier()
              + ")");
    }
    // a database may be renamed, and a slot replaced
    if (!known.database().equals(now.database()) && !known.slot().equals(now.slot())) {
      throw lost(
          "the replica was made from database "
              + known.database()
              + " through slot "
              + known.slot()
              + ", and the config names database "
              + now.database()
              + " and slot "
              + now.slot());
    }
    for (TimelineSwitch earlier : known.switches()) {
      OptionalLong left = now.left(earlier.timeline());
      if (left.isEmpty() || left.getAsLong() != earlier.lsn()) {
        throw lost(
            "the server's history left timeline "
                + earlier.timeline()
                + " at "
                + (left.isEmpty() ? "no place" : PostgresPosition.lsnText(left.getAsLong()))
                + ", while the replica's left it at "
                + PostgresPosition.lsnText(earlier.lsn()));
      }
    }
    if (known.timeline() == now.timeline()) {
      return;
    }
    OptionalLong left = now.left(known.timeline());
    if (left.isEmpty()) {
      throw lost(
          "the server is on timeline "
              + now.timeline()
              + ", whose history does not hold timeline "
              + known.timeline()
              + " of the replica");
    }
    if (Long.compareUnsigned(left.getAsLong(), furthest.lsn()) < 0) {
      throw lost(
          "the server's history left timeline "
              + known.timeline()
              + " at "
              + PostgresPosition.lsnText(left.getAsLong())
              + ", before "
              + PostgresPosition.lsnText(furthest.lsn())
              + ", up to which the replica has it: a failover lost commits that the replica has");
    }
  }

  private SlotState awaitFree() throws InterruptedException {
    SlotState slot = read();
    long attempts = releaseTimeout.dividedBy(RELEASE_PAUSE);
    for (long i = 0; i < attempts && slot.activePid().isPresent(); i++) {
      Backoff.pause(RELEASE_PAUSE);
      slot = read();
    }
    if (slot.activePid().isPresent()) {
      throw new FirnException(
          FirnException.Kind.SOURCE_UNFIT,
          "the replication slot "
              + source.slot()
              + " is in use by the server's process "
              + slot.activePid().getAsLong(),
          "stop the other consumer, or end its connection with pg_terminate_backend("
              + slot.activePid().getAsLong()
              + ")");
    }
    return slot;
  }

  private SlotState read() {
    try (Connection connection = connections.open("slot check")) {
      SlotState slot = SlotState.read(connection, source.slot());
      if (slot == null) {
        throw lost("the replication slot " + source.slot() + " is missing");
      }
      return slot;
    } catch (SQLException e) {
      throw connections.failure("reading the replication slot " + source.slot(), e);
    }
  }

  private FirnException lost(String what) {
    return new FirnException(
        FirnException.Kind.POSITION_LOST,
        what + " (source " + source.address() + ")",
        loadAgain(source));
  }

  /**
   * The way back where log is lost. A slot that stays would be lost, or at its old place, again.
   */
  public static String loadAgain(SourceConfig source) {
    return "load the replica again: drop the slot "
        + source.slot()
        + " where it is still there, and the replica's tables and control table in the catalog,"
        + " run firn setup, and start";
  }

  private record Server(SlotIdentity identity, long flushedLsn) {}

  private Server identify() {
    try (Connection connection = connections.openReplication("slot check");
        Statement statement = connection.createStatement()) {
      String system;
      long timeline;
      long flushed;
      try (ResultSet row = statement.executeQuery("IDENTIFY_SYSTEM")) {
        if (!row.next()) {
          throw new SQLException("IDENTIFY_SYSTEM returned nothing");
        }
        system = row.getString("systemid");
        timeline = row.getLong("timeline");
        flushed = PostgresPosition.parseLsn(row.getString("xlogpos"));
      }
      List<TimelineSwitch> switches = new ArrayList<>();
      if (timeline > 1) {
        try (ResultSet row = statement.executeQuery("TIMELINE_HISTORY " + timeline)) {
          if (!row.next()) {
            throw new SQLException("TIMELINE_HISTORY returned nothing");
          }
          switches.addAll(history(row.getString("content")));
        }
      }
      return new Server(
          new SlotIdentity(system, timeline, switches, source.slot(), source.database()), flushed);
    } catch (SQLException e) {
      throw connections.failure("asking the server for its identity", e);
    }
  }

  /** A timeline history file: lines of timeline, LSN and reason; comments begin with #. */
  static List<TimelineSwitch> history(String content) {
    List<TimelineSwitch> switches = new ArrayList<>();
    for (String line : content.lines().toList()) {
      String[] parts = line.strip().split("\\s+", 3);
      if (parts.length >= 2 && !parts[0].startsWith("#")) {
        switches.add(
            new TimelineSwitch(Long.parseLong(parts[0]), PostgresPosition.parseLsn(parts[1])));
      }
    }
    return switches;
  }

  /** A row of pg_replication_slots. */
  record SlotState(
      String type,
      @Nullable String plugin,
      @Nullable String database,
      OptionalLong activePid,
      @Nullable String walStatus,
      long confirmedLsn) {

    static @Nullable SlotState read(Connection connection, String slot) throws SQLException {
      try (PreparedStatement statement =
          connection.prepareStatement(
              "SELECT slot_type, plugin, database, active_pid, wal_status,"
                  + " coalesce(confirmed_flush_lsn, '0/0')::text"
                  + " FROM pg_catalog.pg_replication_slots WHERE slot_name = ?")) {
        statement.setString(1, slot);
        try (ResultSet row = statement.executeQuery()) {
          if (!row.next()) {
            return null;
          }
          long pid = row.getLong(4);
          OptionalLong active = row.wasNull() ? OptionalLong.empty() : OptionalLong.of(pid);
          return new SlotState(
              row.getString(1),
              row.getString(2),
              row.getString(3),
              active,
              row.getString(5),
              PostgresPosition.parseLsn(row.getString(6)));
        }
      }
    }
  }
}
