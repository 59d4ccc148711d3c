package dev.firn.cdc.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.slot.SlotIdentity.TimelineSwitch;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.position.PostgresPosition;
import dev.firn.config.Secret;
import dev.firn.config.SourceConfig;
import dev.firn.testing.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.replication.LogSequenceNumber;

class SlotCheckTest {
  private static final Duration SHORT = Duration.ofMillis(1500);

  private static EmbeddedPostgres server;
  private static SourceConfig config;
  private static PostgresConnections connections;

  @BeforeAll
  static void start() throws IOException, SQLException {
    server = EmbeddedPostgres.start();
    config =
        new SourceConfig(
            "127.0.0.1",
            server.port(),
            "postgres",
            "postgres",
            Secret.of("postgres"),
            Map.of(),
            "firn",
            "firn");
    connections = new PostgresConnections(config);
    execute("CREATE DATABASE other", "CREATE PUBLICATION firn", "CREATE TABLE t (x int)");
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
  }

  @AfterEach
  void dropSlot() throws SQLException {
    execute(
        "SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE active",
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
  }

  private static void execute(String... statements) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static String ask(String query) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      assertThat(row.next()).isTrue();
      return row.getString(1);
    }
  }

  private static Position create() {
    return new Slots(config, connections).createIfMissing();
  }

  private static SlotCheck check() {
    return new SlotCheck(config, connections, SHORT);
  }

  private static void refused(
      Position position, Optional<String> identity, FirnException.Kind kind, String what) {
    assertThatThrownBy(() -> check().verify(position, position, identity))
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(kind);
              assertThat(e).hasMessageContaining(what);
              assertThat(e.mend()).isNotBlank();
            });
  }

  private static SlotIdentity identity(Position slot) throws InterruptedException {
    return SlotIdentity.parse(check().verify(slot, slot, Optional.empty()));
  }

  private static void lost(Position slot, SlotIdentity known, String what) {
    refused(slot, Optional.of(known.toText()), FirnException.Kind.POSITION_LOST, what);
  }

  @Test
  void aSlotIsMadeSoThatStandbysCanKeepIt() throws SQLException {
    create();
    assertThat(ask("SELECT failover FROM pg_replication_slots")).isEqualTo("t");
  }

  @Test
  void aSlotThatStandsAtThePositionIsAccepted() throws Exception {
    Position slot = create();
    String identity = check().verify(slot, slot, Optional.empty());
    execute("INSERT INTO t VALUES (1)");
    assertThat(check().verify(slot, slot, Optional.of(identity))).isEqualTo(identity);
    assertThat(SlotIdentity.parse(identity).systemIdentifier())
        .isEqualTo(ask("SELECT system_identifier FROM pg_control_system()"));
  }

  @Test
  void anotherDatabaseThroughAnotherSlotIsThePositionLost() throws Exception {
    Position slot = create();
    SlotIdentity now = identity(slot);
    SlotIdentity renamed =
        new SlotIdentity(
            now.systemIdentifier(), now.timeline(), now.switches(), now.slot(), "former");
    assertThat(check().verify(slot, slot, Optional.of(renamed.toText()))).isEqualTo(now.toText());
    SlotIdentity other =
        new SlotIdentity(
            now.systemIdentifier(), now.timeline(), now.switches(), "tenant_b", "tenant_b");
    lost(slot, other, "from database tenant_b through slot tenant_b");
  }

  @Test
  void makingASlotTwiceKeepsTheFirst() {
    assertThat(create()).isEqualTo(create());
  }

  @Test
  void aMissingSlotIsThePositionLost() {
    refused(
        PostgresPosition.at(1, 0),
        Optional.empty(),
        FirnException.Kind.POSITION_LOST,
        "slot firn is missing");
  }

  @Test
  void aSlotDroppedAndMadeAgainIsThePositionLost() throws SQLException {
    Position slot = create();
    execute("SELECT pg_drop_replication_slot('firn')", "INSERT INTO t VALUES (1)");
    create();
    refused(slot, Optional.empty(), FirnException.Kind.POSITION_LOST, "beyond the replica's");
  }

  @Test
  void aSlotAdvancedByAnotherIsThePositionLost() throws SQLException {
    Position slot = create();
    execute(
        "INSERT INTO t VALUES (1)",
        "SELECT pg_replication_slot_advance('firn', pg_current_wal_lsn())");
    refused(slot, Optional.empty(), FirnException.Kind.POSITION_LOST, "beyond the replica's");
  }

  @Test
  void aServerWhoseLogEndsBeforeThePositionIsRefused() throws SQLException {
    create();
    long beyond = PostgresPosition.parseLsn(ask("SELECT pg_current_wal_lsn()")) + (1L << 30);
    refused(
        PostgresPosition.at(beyond, 0),
        Optional.empty(),
        FirnException.Kind.POSITION_LOST,
        "the server's log ends at");
  }

  @Test
  void aServerWhoseLogEndsBeforeWhatASingleTableHasIsRefused() throws Exception {
    Position slot = create();
    Position beyond =
        PostgresPosition.at(
            PostgresPosition.parseLsn(ask("SELECT pg_current_wal_lsn()")) + (1L << 30), 0);
    assertThatThrownBy(() -> check().verify(slot, beyond, Optional.empty()))
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.POSITION_LOST))
        .hasMessageContaining("the server's log ends at");
  }

  @Test
  void theLogsEndIsKeptThroughACrash() throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("SET synchronous_commit = off");
      for (int i = 0; i < 50; i++) {
        statement.execute("INSERT INTO t VALUES (1)");
        Position end = new LogEnd(connections).read();
        try (ResultSet row = statement.executeQuery("SELECT pg_current_wal_flush_lsn()")) {
          assertThat(row.next()).isTrue();
          assertThat(PostgresPosition.at(PostgresPosition.parseLsn(row.getString(1)), 0))
              .satisfies(flushed -> assertThat(flushed.isAtOrAfter(end)).isTrue());
        }
      }
    }
  }

  @Test
  void anotherClusterIsRefused() throws Exception {
    Position slot = create();
    SlotIdentity here = identity(slot);
    SlotIdentity there =
        new SlotIdentity("42", here.timeline(), here.switches(), here.slot(), here.database());
    lost(slot, there, "another database cluster");
  }

  @Test
  void aHistoryThatIsNotTheReplicasIsRefused() throws Exception {
    Position slot = create();
    SlotIdentity here = identity(slot);
    SlotIdentity laterTimeline =
        new SlotIdentity(
            here.systemIdentifier(), here.timeline() + 1, List.of(), "firn", "postgres");
    lost(slot, laterTimeline, "history does not hold timeline");
    SlotIdentity otherSwitch =
        new SlotIdentity(
            here.systemIdentifier(),
            here.timeline(),
            List.of(new TimelineSwitch(0, 5)),
            "firn",
            "postgres");
    lost(slot, otherSwitch, "left timeline 0");
  }

  @Test
  void slotsOfAnotherKindAreRefused() throws SQLException {
    execute("SELECT pg_create_physical_replication_slot('firn')");
    refused(
        PostgresPosition.at(1, 0),
        Optional.empty(),
        FirnException.Kind.SOURCE_UNFIT,
        "is a physical slot");
    execute("SELECT pg_drop_replication_slot('firn')");
    try (Connection other = server.connect("other");
        Statement statement = other.createStatement()) {
      statement.execute("SELECT pg_create_logical_replication_slot('firn', 'pgoutput')");
    }
    refused(
        PostgresPosition.at(Long.MAX_VALUE, 0),
        Optional.empty(),
        FirnException.Kind.SOURCE_UNFIT,
        "on database other");
  }

  @Test
  void aSlotInUseIsRefusedWithItsProcessAndTakenOnceItIsFree() throws Exception {
    Position slot = create();
    try (Connection replication = connections.openReplication("test")) {
      var stream =
          replication
              .unwrap(PGConnection.class)
              .getReplicationAPI()
              .replicationStream()
              .logical()
              .withSlotName("firn")
              .withStartPosition(LogSequenceNumber.valueOf(0))
              .withSlotOption("proto_version", 1)
              .withSlotOption("publication_names", "firn")
              .start();
      assertThat(stream.isClosed()).isFalse();
      refused(
          slot,
          Optional.empty(),
          FirnException.Kind.SOURCE_UNFIT,
          "in use by the server's process "
              + ask("SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'firn'"));
    }
    new SlotCheck(config, connections).verify(slot, slot, Optional.empty());
  }

  @Test
  void openTransactionsThatHoldTheSlotUpAreNamed() throws Exception {
    try (Connection open = server.connect("postgres");
        Statement statement = open.createStatement()) {
      open.setAutoCommit(false);
      statement.execute("INSERT INTO t VALUES (1)");
      String pid;
      try (ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
        assertThat(row.next()).isTrue();
        pid = row.getString(1);
      }
      assertThatThrownBy(() -> new Slots(config, connections, SHORT).createIfMissing())
          .isInstanceOfSatisfying(
              FirnException.class,
              e -> {
                assertThat(e.kind()).isEqualTo(FirnException.Kind.SOURCE_UNFIT);
                assertThat(e).hasMessageContaining("process " + pid);
              });
      statement.execute("PREPARE TRANSACTION 'held'");
      assertThatThrownBy(() -> new Slots(config, connections, SHORT).createIfMissing())
          .isInstanceOfSatisfying(
              FirnException.class,
              e -> assertThat(e).hasMessageContaining("prepared transaction 'held'"));
      open.setAutoCommit(true);
      statement.execute("ROLLBACK PREPARED 'held'");
    }
    assertThat(ask("SELECT count(*) FROM pg_replication_slots")).isEqualTo("0");
  }

  @Test
  void aHeartbeatThatLosesItsConnectionSaysSo() throws Exception {
    List<Object> events = new ArrayList<>();
    try (SlotHeartbeat heartbeat =
        SlotHeartbeat.start(config, connections, events::add, Duration.ofMillis(50), _ -> {})) {
      for (int i = 0; i < 100; i++) {
        execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                + " WHERE application_name = 'firn heartbeat'");
        dev.firn.change.fault.Backoff.pause(Duration.ofMillis(100));
        try {
          heartbeat.check(0);
        } catch (FirnException e) {
          assertThat(e.kind()).isEqualTo(FirnException.Kind.SOURCE_UNREACHABLE);
          return;
        }
      }
      throw new AssertionError("the heartbeat noticed nothing");
    }
  }
}
