package dev.firn.cdc.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.PipelineEvent;
import dev.firn.change.SourceReader;
import dev.firn.change.fault.Backoff;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.position.PostgresPosition;
import dev.firn.change.table.TableSchema;
import dev.firn.testing.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PostgresStreamTest {
  private static final int WRITERS = 4;
  private static final int TRANSACTIONS = 40;

  static EmbeddedPostgres server;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.start();
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
  }

  private static FirnException firn(Throwable thrown) {
    assertThat(thrown).isInstanceOf(FirnException.class);
    return (FirnException) thrown;
  }

  private static long lsn(Position position) {
    return ((PostgresPosition) position).lsn();
  }

  @Test
  void wholeTransactionsInCommitOrder() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "basic")) {
      db.execute(
          "CREATE TABLE a (id int PRIMARY KEY, t text)", "CREATE TABLE b (id int PRIMARY KEY)");
      Position slot = db.publish("a", "b");
      TableSchema a = db.table("a");
      TableSchema b = db.table("b");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, a, b);
      db.transaction("INSERT INTO a VALUES (1, 'x')", "INSERT INTO b VALUES (7)");
      db.transaction("UPDATE a SET t = NULL", "DELETE FROM b");
      sink.await(s -> s.changes().size() == 4);
      running.stop();
      assertThat(sink.committed().stream().map(RecordingSink.Committed::changes))
          .containsExactly(
              List.of("insert a [1, x]", "insert b [7]"),
              List.of("update a [1, NULL]", "delete b [7]"));
    }
  }

  @Test
  void concurrentWritersAreKeptApartByTransaction() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "writers")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY, xid text)");
      Position slot = db.publish("a");
      TableSchema a = db.table("a");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, a);
      List<Thread> writers = new ArrayList<>();
      AtomicReference<Throwable> failed = new AtomicReference<>();
      for (int w = 0; w < WRITERS; w++) {
        int from = w * 10_000;
        writers.add(
            Thread.ofPlatform()
                .start(() -> {
                  try (Connection own = server.connect("writers")) {
                    own.setAutoCommit(false);
                    for (int t = 0; t < TRANSACTIONS; t++) {
                      for (int i = 0; i < 3; i++) {
                        StreamFixture.execute(
                            own,
                            "INSERT INTO a VALUES ("
                                + (from + t * 3 + i)
                                + ", pg_current_xact_id()::text)");
                      }
                      own.commit();
                    }
                  } catch (Exception e) {
                    failed.set(e);
                  }
                }));
      }
      for (Thread writer : writers) {
        writer.join();
      }
      assertThat(failed.get()).isNull();
      sink.await(s -> s.committed().size() == WRITERS * TRANSACTIONS);
      running.stop();
      long lastEnd = 0;
      for (RecordingSink.Committed committed : sink.committed()) {
        assertThat(committed.changes()).hasSize(3);
        Set<String> writtenBy =
            committed.changes().stream()
                .map(change -> change.substring(change.indexOf(", ") + 2, change.length() - 1))
                .collect(Collectors.toSet());
        assertThat(writtenBy).containsExactly(Long.toString(committed.transaction().xid()));
        assertThat(lsn(committed.end())).isGreaterThan(lastEnd);
        lastEnd = lsn(committed.end());
      }
    }
  }

  @Test
  void aRestartGoesOnExactlyWhereTheReplicaStands() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "restart")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)");
      Position slot = db.publish("a");
      TableSchema a = db.table("a");
      RecordingSink first = new RecordingSink(slot);
      StreamFixture.Running running = db.run(first, slot, a);
      db.execute(
          "INSERT INTO a VALUES (1)", "INSERT INTO a VALUES (2)", "INSERT INTO a VALUES (3)");
      first.await(s -> s.changes().size() == 3);
      running.stop();
      assertThat(db.confirmedLsn()).as("nothing was acknowledged").isEqualTo(lsn(slot));

      Position recorded = first.committed().get(1).end();
      RecordingSink second = new RecordingSink(recorded);
      running = db.run(second, recorded, first.committed().get(2).end(), a);
      db.execute("INSERT INTO a VALUES (4)");
      second.await(s -> s.changes().size() == 2);
      running.stop();
      assertThat(second.changes()).containsExactly("insert a [3]", "insert a [4]");
      assertThat(second.committed().getFirst().transaction().endLsn())
          .as("up to the furthest table the end is told at the beginning")
          .hasValue(lsn(first.committed().get(2).end()));
      assertThat(second.committed().getFirst().end())
          .as("the same transaction has the same end")
          .isEqualTo(first.committed().get(2).end());
    }
  }

  @Test
  void aLogThatHoldsAnotherTransactionWhereTheReplicaStandsIsRefused() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "another_log")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)");
      Position slot = db.publish("a");
      TableSchema a = db.table("a");
      RecordingSink first = new RecordingSink(slot);
      StreamFixture.Running running = db.run(first, slot, a);
      db.execute("INSERT INTO a VALUES (1)", "INSERT INTO a VALUES (2)");
      first.await(s -> s.changes().size() == 2);
      running.stop();

      PostgresPosition last = (PostgresPosition) first.committed().getLast().end();
      Position elsewhere = PostgresPosition.at(last.lsn(), last.lastXid() + 1);
      running = db.run(new RecordingSink(elsewhere), elsewhere, a);
      assertThat(running.awaitFailure())
          .isInstanceOfSatisfying(
              FirnException.class,
              e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.POSITION_LOST))
          .hasMessageContaining("restored from an older copy");
    }
  }

  @Test
  void aMessageNextInTheLogChangesNothingAboutATransactionRecorded() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "message")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)");
      Position slot = db.publish("a");
      TableSchema a = db.table("a");
      RecordingSink first = new RecordingSink(slot);
      StreamFixture.Running running = db.run(first, slot, a);
      db.execute("INSERT INTO a VALUES (1)");
      first.await(s -> s.changes().size() == 1);
      running.stop();
      db.execute("SELECT pg_logical_emit_message(false, 'other', 'x')");
      db.execute("SELECT pg_logical_emit_message(true, 'other', 'x')");
      db.execute("INSERT INTO a VALUES (2)");

      PostgresPosition recorded = (PostgresPosition) first.committed().getFirst().end();
      RecordingSink second = new RecordingSink(recorded);
      running = db.run(second, recorded, a);
      second.await(s -> !s.changes().isEmpty());
      running.stop();
      assertThat(second.changes()).containsExactly("insert a [2]");

      // Where another reader had recorded an earlier end, the id alone still covers it.
      PostgresPosition earlier = PostgresPosition.at(lsn(slot), recorded.lastXid());
      RecordingSink third = new RecordingSink(earlier);
      running = db.run(third, earlier, a);
      third.await(s -> !s.changes().isEmpty());
      running.stop();
      assertThat(third.changes()).containsExactly("insert a [2]");
    }
  }

  @Test
  void theSlotFollowsAcknowledgementsAndNothingElse() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "ack")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)");
      Position slot = db.publish("a");
      TableSchema a = db.table("a");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, a);
      db.execute("INSERT INTO a VALUES (1)", "INSERT INTO a VALUES (2)");
      sink.await(s -> s.changes().size() == 2);
      Position one = sink.committed().get(0).end();
      Position two = sink.committed().get(1).end();
      running.stream.acknowledge(one);
      awaitConfirmed(db, lsn(one));
      int beats = sink.idles().size();
      sink.await(s -> s.idles().size() > beats + 10);
      assertThat(db.confirmedLsn()).isEqualTo(lsn(one));
      running.stream.acknowledge(two);
      awaitConfirmed(db, lsn(two));
      db.execute("INSERT INTO a VALUES (3)");
      sink.await(s -> s.changes().size() == 3);
      running.stream.acknowledge(sink.committed().get(2).end());
      running.stop();
      assertThat(db.confirmedLsn())
          .as("the last acknowledgement is sent before the end")
          .isEqualTo(lsn(sink.committed().get(2).end()));

      // Nothing between the acknowledged place and the next transaction is lost.
      db.execute("INSERT INTO a VALUES (4)");
      Position recorded = sink.committed().get(2).end();
      RecordingSink second = new RecordingSink(recorded);
      running = db.run(second, recorded, a);
      second.await(s -> !s.changes().isEmpty());
      running.stop();
      assertThat(second.changes()).containsExactly("insert a [4]");
    }
  }

  private static void awaitConfirmed(StreamFixture db, long lsn) throws Exception {
    for (int i = 0; i < 600 && db.confirmedLsn() != lsn; i++) {
      Backoff.pause(Duration.ofMillis(50));
    }
    assertThat(db.confirmedLsn()).isEqualTo(lsn);
  }

  @Test
  void otherTablesTrafficMovesTheSlotToo() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "idle")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)", "CREATE TABLE other (t text)");
      Position slot = db.publish("a");
      TableSchema a = db.table("a");
      AtomicReference<StreamFixture.Running> running = new AtomicReference<>();
      RecordingSink sink =
          new RecordingSink(slot)
              .onPosition(position -> {
                StreamFixture.Running now = running.get();
                if (now != null) {
                  now.stream.acknowledge(position);
                }
              });
      try (Connection open = server.connect("idle")) {
        open.setAutoCommit(false);
        StreamFixture.execute(open, "INSERT INTO a VALUES (1)");
        running.set(db.run(sink, slot, a));
        db.execute("INSERT INTO other SELECT repeat('x', 500) FROM generate_series(1, 2000)");
        long after = PostgresPosition.parseLsn(db.ask("SELECT pg_current_wal_lsn()"));
        for (int i = 0; i < 600 && db.confirmedLsn() < after; i++) {
          Backoff.pause(Duration.ofMillis(50));
        }
        assertThat(db.confirmedLsn()).isGreaterThanOrEqualTo(after);
        open.commit();
      }
      sink.await(s -> s.changes().size() == 1);
      running.get().stop();
      assertThat(sink.changes()).containsExactly("insert a [1]");
      assertThat(db.events)
          .hasAtLeastOneElementOfType(PipelineEvent.SourceRetention.class)
          .hasAtLeastOneElementOfType(PipelineEvent.StreamedTo.class);
      assertThat(
              db.events.stream()
                  .filter(PipelineEvent.StreamedTo.class::isInstance)
                  .mapToLong(event -> ((PipelineEvent.StreamedTo) event).changes())
                  .sum())
          .isEqualTo(1);
    }
  }

  @Test
  void idlePositionsNeverPassATransactionThatIsStillToCome() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "idlesafe")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)");
      Position slot = db.publish("a");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, db.table("a"));
      try (Connection open = server.connect("idlesafe")) {
        open.setAutoCommit(false);
        StreamFixture.execute(open, "INSERT INTO a VALUES (1)");
        long written = PostgresPosition.parseLsn(db.ask("SELECT pg_current_wal_insert_lsn()"));
        sink.await(s -> s.idles().stream().anyMatch(p -> lsn(p) > written));
        open.commit();
      }
      sink.await(s -> !s.changes().isEmpty());
      Position end = sink.committed().getFirst().end();
      List<Position> before = sink.idles().stream().filter(p -> lsn(p) < lsn(end)).toList();
      running.stop();
      Position latest = before.getLast();
      RecordingSink second = new RecordingSink(latest);
      running = db.run(second, latest, db.table("a"));
      second.await(s -> !s.changes().isEmpty());
      running.stop();
      assertThat(second.changes()).containsExactly("insert a [1]");
    }
  }

  @Test
  void keyChangesAreOneUpdateWhateverTheReplicaIdentity() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "keys")) {
      db.execute(
          "CREATE TABLE plain (id int PRIMARY KEY, big text)",
          "CREATE TABLE whole (id int PRIMARY KEY, big text)",
          "ALTER TABLE whole REPLICA IDENTITY FULL",
          "CREATE TABLE indexed (x int NOT NULL, big text)",
          "CREATE UNIQUE INDEX indexed_x ON indexed (x)",
          "ALTER TABLE indexed REPLICA IDENTITY USING INDEX indexed_x",
          "CREATE TABLE composite (a int, b text, c int, PRIMARY KEY (b, a))");
      for (String table : List.of("plain", "whole", "indexed")) {
        db.execute("ALTER TABLE " + table + " ALTER big SET STORAGE EXTERNAL");
      }
      Position slot = db.publish("plain", "whole", "indexed", "composite");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running =
          db.run(
              sink,
              slot,
              db.table("plain"),
              db.table("whole"),
              db.table("indexed"),
              db.table("composite"));
      String big = "y".repeat(9000);
      for (String table : List.of("plain", "whole", "indexed")) {
        String key = table.equals("indexed") ? "x" : "id";
        db.execute(
            "INSERT INTO " + table + " VALUES (1, '" + big + "')",
            "UPDATE " + table + " SET " + key + " = 2",
            "UPDATE " + table + " SET " + key + " = 2",
            "UPDATE " + table + " SET big = 'z'",
            "DELETE FROM " + table);
      }
      db.execute(
          "INSERT INTO composite VALUES (1, 'p', 5)",
          "UPDATE composite SET c = 6",
          "UPDATE composite SET a = 2",
          "UPDATE composite SET b = 'q'",
          "DELETE FROM composite");
      sink.await(s -> s.changes().size() == 20);
      running.stop();
      assertThat(sink.changes())
          .containsExactly(
              "insert plain [1, " + big + "]",
              "update plain [1] -> [2, UNCHANGED]",
              "update plain [2, UNCHANGED]",
              "update plain [2, z]",
              "delete plain [2]",
              "insert whole [1, " + big + "]",
              "update whole [1] -> [2, " + big + "]",
              "update whole [2, " + big + "]",
              "update whole [2, z]",
              "delete whole [2]",
              "insert indexed [1, " + big + "]",
              "update indexed [1] -> [2, UNCHANGED]",
              "update indexed [2, UNCHANGED]",
              "update indexed [2, z]",
              "delete indexed [2]",
              "insert composite [1, p, 5]",
              "update composite [1, p, 6]",
              "update composite [p, 1] -> [2, p, 6]",
              "update composite [p, 2] -> [2, q, 6]",
              "delete composite [q, 2]");
    }
  }

  @Test
  void unchangedValuesAreMarkedForEveryTypeAndNeverMistakenForData() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "toast")) {
      db.execute(
          "CREATE TABLE t (id int PRIMARY KEY, n int, big text, doc jsonb, bin bytea,"
              + " texts text[], ints int[], uuids uuid[], nums numeric(20,2)[])");
      for (String column : List.of("big", "doc", "bin", "texts", "ints", "uuids", "nums")) {
        db.execute("ALTER TABLE t ALTER " + column + " SET STORAGE EXTERNAL");
      }
      Position slot = db.publish("t");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, db.table("t"));
      db.execute(
          "INSERT INTO t SELECT 1, 0, repeat('a', 9000), jsonb_build_object('k', repeat('b',"
              + " 9000)), decode(repeat('00ff', 5000), 'hex'), array_agg('e' || i), array_agg(i),"
              + " array_agg(gen_random_uuid()), array_agg(i + 0.5) FROM generate_series(1, 3000) i",
          "UPDATE t SET n = 1",
          "UPDATE t SET id = 2",
          "UPDATE t SET n = 2, big = '__debezium_unavailable_value',"
              + " doc = '\"__debezium_unavailable_value\"', bin = '__debezium_unavailable_value',"
              + " texts = '{__debezium_unavailable_value}', ints = '{}', uuids = NULL,"
              + " nums = '{NULL}'",
          "UPDATE t SET big = 'firn:unchanged', doc = 'null', bin = '', texts = '{firn:null}'");
      sink.await(s -> s.changes().size() == 5);
      running.stop();
      assertThat(sink.changes().subList(1, 5))
          .containsExactly(
              "update t [1, 1" + ", UNCHANGED".repeat(7) + "]",
              "update t [1] -> [2, 1" + ", UNCHANGED".repeat(7) + "]",
              "update t [2, 2, __debezium_unavailable_value, \"__debezium_unavailable_value\","
                  + " 5f5f646562657a69756d5f756e617661696c61626c655f76616c7565,"
                  + " [__debezium_unavailable_value], [], NULL, [NULL]]",
              "update t [2, 2, firn:unchanged, null, , [firn:null], [], NULL, [NULL]]");
    }
  }

  @Test
  void aNullIsNotTheColumnsDefault() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "defaults")) {
      db.execute(
          "CREATE TABLE t (id int PRIMARY KEY, s text DEFAULT 'given', n numeric(5,2) DEFAULT 1.5,"
              + " z timestamptz DEFAULT '2020-01-01 00:00:00Z', b bool DEFAULT true)");
      Position slot = db.publish("t");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, db.table("t"));
      db.execute("INSERT INTO t VALUES (1, NULL, NULL, NULL, NULL)");
      sink.await(s -> !s.changes().isEmpty());
      running.stop();
      assertThat(sink.changes()).containsExactly("insert t [1, NULL, NULL, NULL, NULL]");
    }
  }

  @Test
  void truncateOfSeveralTablesIsOneChangeAtItsPlace() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "trunc")) {
      db.execute(
          "CREATE TABLE a (id int PRIMARY KEY)",
          "CREATE TABLE b (id int PRIMARY KEY)",
          "CREATE TABLE c (id int PRIMARY KEY)");
      Position slot = db.publish("a", "b", "c");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running =
          db.run(sink, slot, db.table("a"), db.table("b"), db.table("c"));
      db.transaction(
          "INSERT INTO a VALUES (1)",
          "TRUNCATE a, b",
          "TRUNCATE c",
          "TRUNCATE c",
          "INSERT INTO b VALUES (2)",
          "TRUNCATE a");
      sink.await(s -> !s.committed().isEmpty());
      running.stop();
      assertThat(sink.changes())
          .containsExactly(
              "insert a [1]",
              "truncate [a, b]",
              "truncate [c]",
              "truncate [c]",
              "insert b [2]",
              "truncate [a]");
    }
  }

  @Test
  void savepointsPreparedTransactionsAndPartitions() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "special")) {
      db.execute(
          "CREATE TABLE a (id int PRIMARY KEY)",
          "CREATE TABLE p (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k)",
          "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)",
          "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2)");
      Position slot = db.publish("a", "p");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, db.table("a"), db.table("p"));
      db.transaction(
          "INSERT INTO a VALUES (1)",
          "SAVEPOINT s1",
          "INSERT INTO a VALUES (2)",
          "ROLLBACK TO s1",
          "SAVEPOINT s2",
          "INSERT INTO a VALUES (3)",
          "RELEASE s2");
      db.execute("BEGIN", "INSERT INTO a VALUES (4)", "PREPARE TRANSACTION 'two'");
      db.execute("INSERT INTO a VALUES (5)");
      db.execute("COMMIT PREPARED 'two'");
      db.transaction(
          "INSERT INTO p VALUES (1, 1)", "UPDATE p SET k = 2", "DELETE FROM p WHERE id = 1");
      sink.await(s -> s.committed().size() == 4);
      running.stop();
      assertThat(sink.committed().stream().map(RecordingSink.Committed::changes))
          .containsExactly(
              List.of("insert a [1]", "insert a [3]"),
              List.of("insert a [5]"),
              List.of("insert a [4]"),
              List.of("insert p [1, 1]", "delete p [1, 1]", "insert p [1, 2]", "delete p [1, 2]"));
    }
  }

  @Test
  void everyTypeComesAsTheServerPrintsIt() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "types")) {
      db.execute(
          "CREATE TYPE mood AS ENUM ('so so', 'well')",
          "CREATE TABLE t (id int PRIMARY KEY, b bool, i2 smallint, i8 bigint, f4 real,"
              + " f8 double precision, d date, ti time, tz timestamptz, ts timestamp(3),"
              + " s text, v varchar(10), c char(5), m mood, j json, jb jsonb, bin bytea, u uuid,"
              + " n numeric(10,2), w numeric(38,5), ai int[], at text[], an numeric(30,3)[],"
              + " atz timestamptz[], ab bool[], aj jsonb[], ad date[], af real[])");
      Position slot = db.publish("t");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, db.table("t"));
      db.execute(
          "INSERT INTO t VALUES (1, true, -32768, 9223372036854775807, 'NaN', '-Infinity',"
              + " '0001-01-01', '24:00:00', '2024-03-31 02:30:00.123456+05:30', '1969-12-31"
              + " 23:59:59.999', E'a\\u20ac\\U0001F600', 'v', 'ab', 'so so', '{\"b\" : 1, "
              + " \"a\":[]}', '{\"b\" : 1,  \"a\":[]}', '\\x00ff5c',"
              + " '0123abcd-89ab-cdef-0123-456789abcdef', -0.05,"
              + " -123456789012345678901234567890123.45678, '{1,NULL,-3}', E'{\"a"
              + " b\",\"q\\\\\"x\",NULL,\"NULL\",\"\",\"{,}\",\"back\\\\\\\\slash\"}',"
              + " '{123456789012345678901234567.5,NULL}', '{\"2020-01-01 00:00:00-08\"}', '{t,f}',"
              + " '{\"{\\\"k\\\": \\\"v,\\\"}\"}', '{9999-12-31,10000-01-01}', '{0.1,-0}')",
          "INSERT INTO t (id) VALUES (2)");
      sink.await(s -> s.changes().size() == 2);
      running.stop();
      assertThat(sink.changes().get(1)).isEqualTo("insert t [2" + ", NULL".repeat(27) + "]");
      assertThat(sink.changes().get(0))
          .isEqualTo(
              "insert t [1, 1, -32768, 9223372036854775807, NaN, -Infinity, -719162, 86400000000, "
                  + db.ask("SELECT (extract(epoch FROM tz) * 1000000)::bigint FROM t WHERE id = 1")
                  + ", -1000, a\u20ac\uD83D\uDE00, v, ab   , so so, {\"b\" : 1,  \"a\":[]},"
                  + " {\"a\": [], \"b\": 1}, 00ff5c, 0123abcd89abcdef0123456789abcdef, -0.05,"
                  + " -123456789012345678901234567890123.45678, [1, NULL, -3],"
                  + " [a b, q\"x, NULL, NULL, , {,}, back\\slash],"
                  + " [123456789012345678901234567.500, NULL], [1577865600000000], [1, 0],"
                  + " [{\"k\": \"v,\"}], [2932896, 2932897], [0.1, -0.0]]");
    }
  }

  @Test
  void randomValuesEqualTheServersOwnReading() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "random")) {
      db.execute(
          "CREATE TABLE t (id int PRIMARY KEY, tz timestamptz, ts timestamp, d date, f8 float8,"
              + " f4 real, n numeric(18,6), ti time)");
      Position slot = db.publish("t");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, db.table("t"));
      db.execute(
          "INSERT INTO t SELECT i, to_timestamp(-62135596800 + random() * 300000000000)"
              + " + i * interval '1 microsecond', timestamp '0001-01-01' + random() * 3652058"
              + " * interval '1 day', date '0001-01-01' + (random() * 3652058)::int,"
              + " (random() - 0.5) * 10 ^ (random() * 300)::int, random(),"
              + " ((random() - 0.5) * 1000000000000)::numeric(18,6),"
              + " time '00:00' + random() * interval '86399 s' FROM generate_series(1, 2000) i");
      sink.await(s -> s.changes().size() == 2000);
      running.stop();
      List<String> expected = new ArrayList<>();
      try (Statement statement = db.sql.createStatement();
          ResultSet rows =
              statement.executeQuery(
                  "SELECT id, (extract(epoch FROM tz) * 1000000)::bigint, (extract(epoch FROM ts) *"
                      + " 1000000)::bigint, d - date '1970-01-01', f8, f4, n::text, (extract(epoch"
                      + " FROM ti) * 1000000)::bigint FROM t ORDER BY id")) {
        while (rows.next()) {
          expected.add(
              "insert t ["
                  + rows.getInt(1)
                  + ", "
                  + rows.getLong(2)
                  + ", "
                  + rows.getLong(3)
                  + ", "
                  + rows.getLong(4)
                  + ", "
                  + rows.getDouble(5)
                  + ", "
                  + rows.getFloat(6)
                  + ", "
                  + rows.getString(7)
                  + ", "
                  + rows.getLong(8)
                  + "]");
        }
      }
      assertThat(sink.changes()).isEqualTo(expected);
    }
  }

  @Test
  void aValueWithoutAFormIsNamed() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "unfit")) {
      db.execute("CREATE TABLE t (id int PRIMARY KEY, z timestamptz)");
      Position slot = db.publish("t");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, db.table("t"));
      db.execute("INSERT INTO t VALUES (41, 'infinity')");
      FirnException thrown = firn(running.awaitFailure());
      assertThat(thrown.kind()).isEqualTo(FirnException.Kind.UNREPRESENTABLE_VALUE);
      assertThat(thrown)
          .hasMessageContaining("public.t")
          .hasMessageContaining("id=41")
          .hasMessageContaining("column z")
          .hasMessageContaining("infinity");
      assertThat(sink.committed()).isEmpty();
    }
  }

  @Test
  void aRowAboveTheLimitIsNamedWithItsSizeUnlessItIsDropped() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "wide")) {
      db.maxRowBytes = 64 << 10;
      db.execute("CREATE TABLE t (v text, id int PRIMARY KEY)");
      Position slot = db.publish("t");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, db.table("t"));
      db.execute(
          "INSERT INTO t VALUES ('small', 1)",
          "INSERT INTO t VALUES (repeat('é', 30000) || repeat('x', 10000), 41)");
      FirnException thrown = firn(running.awaitFailure());
      assertThat(thrown.kind()).isEqualTo(FirnException.Kind.ROW_TOO_LARGE);
      assertThat(thrown).hasMessageContainingAll("public.t", "id=41", "70040 bytes", "65536");
      assertThat(sink.changes()).containsExactly("insert t [small, 1]");

      long behind = Long.parseLong(db.ask("SELECT pg_current_xact_id()"));
      RecordingSink dropping = new RecordingSink(slot).wantingFrom(behind);
      running = db.run(dropping, slot, db.table("t"));
      db.execute("INSERT INTO t VALUES ('after', 2)");
      dropping.await(s -> !s.changes().isEmpty());
      running.stop();
      assertThat(dropping.changes()).containsExactly("insert t [after, 2]");
    }
  }

  @Test
  void aChangedShapeStopsTheStreamBeforeTheChange() throws Exception {
    List<String> changes =
        List.of(
            "ALTER TABLE t ADD COLUMN extra int",
            "ALTER TABLE t DROP COLUMN s",
            "ALTER TABLE t RENAME COLUMN s TO s2",
            "ALTER TABLE t ALTER COLUMN n TYPE bigint",
            "ALTER TABLE t ALTER COLUMN x TYPE numeric(12,3)",
            "ALTER TABLE t ALTER COLUMN c TYPE char(9)",
            "ALTER TABLE t ALTER COLUMN at TYPE timestamp(0)");
    try (StreamFixture db = new StreamFixture(server, "shape")) {
      db.execute(
          "CREATE TABLE t (id int PRIMARY KEY, n int, s text, x numeric(10,2), c char(4),"
              + " at timestamp)");
      Position slot = db.publish("t");
      for (String change : changes) {
        TableSchema before = db.table("t");
        db.execute("TRUNCATE t");
        Position here = db.advance();
        RecordingSink sink = new RecordingSink(here);
        StreamFixture.Running running = db.run(sink, here, before);
        db.execute("INSERT INTO t (id) VALUES (1)");
        db.transaction("INSERT INTO t (id) VALUES (2)", change, "INSERT INTO t (id) VALUES (3)");
        FirnException thrown = firn(running.awaitFailure());
        assertThat(thrown.kind()).as(change).isEqualTo(FirnException.Kind.SCHEMA_CHANGED);
        assertThat(thrown).as(change).hasMessageContaining("public.t");
        assertThat(sink.changes())
            .as(change)
            .containsExactly("insert t [1" + ", NULL".repeat(5) + "]");
        db.execute(
            "DROP TABLE t",
            "CREATE TABLE t (id int PRIMARY KEY, n int, s text, x numeric(10,2), c char(4),"
                + " at timestamp)",
            "ALTER PUBLICATION " + db.config.publication() + " ADD TABLE t");
      }
    }
  }

  @Test
  void columnsThatDifferByCaseOnlyStopTheStreamWhereTheTableIsMirrored() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "casecolumns")) {
      db.execute(
          "CREATE TABLE t (id int PRIMARY KEY)", "CREATE TABLE other (id int PRIMARY KEY, s int)");
      Position slot = db.publish("t", "other");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, db.table("t"));
      db.execute(
          "INSERT INTO other VALUES (1, 1)",
          "ALTER TABLE other ADD COLUMN \"S\" int",
          "INSERT INTO other VALUES (2, 2, 2)",
          "UPDATE other SET s = 5",
          "INSERT INTO t VALUES (1)");
      sink.await(s -> !s.changes().isEmpty());
      db.transaction(
          "INSERT INTO t VALUES (2)",
          "ALTER TABLE t ADD COLUMN \"ID\" int",
          "INSERT INTO t VALUES (3)");
      FirnException thrown = firn(running.awaitFailure());
      assertThat(thrown.kind()).isEqualTo(FirnException.Kind.SCHEMA_CHANGED);
      assertThat(thrown).hasMessageContaining("public.t").hasMessageContaining("only by case");
      assertThat(sink.changes()).containsExactly("insert t [1]");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatTheReplicaDropsNeedNotBeReadable(boolean aTableIsFurther) throws Exception {
    try (StreamFixture db = new StreamFixture(server, "reload")) {
      db.execute("CREATE TABLE t (id int PRIMARY KEY, at timestamp)");
      Position slot = db.publish("t");
      db.execute("INSERT INTO t VALUES (1, now())");
      db.execute("ALTER TABLE t ADD COLUMN extra int");
      db.execute("INSERT INTO t VALUES (2, 'infinity', 5)");
      db.execute("UPDATE t SET id = 3, at = '-infinity' WHERE id = 2");
      db.execute("DELETE FROM t WHERE id = 3");
      long loadedBehind = Long.parseLong(db.ask("SELECT pg_current_xact_id()"));
      db.transaction("INSERT INTO t VALUES (4, NULL, 6)", "UPDATE t SET id = 5 WHERE id = 4");
      Position furthest =
          aTableIsFurther
              ? PostgresPosition.at(
                  PostgresPosition.parseLsn(db.ask("SELECT pg_current_wal_lsn()")), 0)
              : slot;

      RecordingSink sink = new RecordingSink(slot).wantingFrom(loadedBehind);
      StreamFixture.Running running = db.run(sink, slot, furthest, db.table("t"));
      sink.await(s -> !s.changes().isEmpty());
      running.stop();
      assertThat(sink.changes())
          .containsExactly("insert t [4, NULL, 6]", "update t [4] -> [5, NULL, 6]");

      FirnException thrown =
          firn(db.run(new RecordingSink(slot), slot, furthest, db.table("t")).awaitFailure());
      assertThat(thrown.kind()).isEqualTo(FirnException.Kind.SCHEMA_CHANGED);
      thrown =
          firn(
              db.run(
                      new RecordingSink(slot).wantingFrom(loadedBehind - 3),
                      slot,
                      furthest,
                      db.table("t"))
                  .awaitFailure());
      assertThat(thrown.kind()).isEqualTo(FirnException.Kind.UNREPRESENTABLE_VALUE);
      assertThat(thrown).hasMessageContaining("id=2").hasMessageContaining("infinity");
    }
  }

  @Test
  void namesThatDifferByCaseOnlyDoNotStopOtherTables() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "cases")) {
      db.execute("CREATE TABLE shop (id int PRIMARY KEY)");
      Position slot = db.publish("shop");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, db.table("shop"));
      db.execute("INSERT INTO shop VALUES (1)");
      sink.await(s -> s.changes().size() == 1);
      db.execute(
          "CREATE TABLE \"Shop\" (id int PRIMARY KEY, n int)",
          "ALTER PUBLICATION " + db.config.publication() + " ADD TABLE \"Shop\"",
          "INSERT INTO \"Shop\" VALUES (5, 6)",
          "INSERT INTO shop VALUES (2)");
      sink.await(s -> s.changes().size() == 2);
      running.stop();
      assertThat(sink.changes()).containsExactly("insert shop [1]", "insert shop [2]");
    }
  }

  @Test
  void aKilledWalsenderIsTheSourceUnreachableAndLosesNothing() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "killed")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)");
      Position slot = db.publish("a");
      RecordingSink first = new RecordingSink(slot);
      StreamFixture.Running running = db.run(first, slot, db.table("a"));
      db.execute("INSERT INTO a VALUES (1)");
      first.await(s -> s.changes().size() == 1);
      db.execute(
          "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '"
              + db.config.slot()
              + "'");
      assertThat(firn(running.awaitFailure()).kind())
          .isEqualTo(FirnException.Kind.SOURCE_UNREACHABLE);
      db.execute("INSERT INTO a VALUES (2)");
      Position recorded = first.committed().getFirst().end();
      RecordingSink second = new RecordingSink(recorded);
      running = db.run(second, recorded, db.table("a"));
      second.await(s -> !s.changes().isEmpty());
      running.stop();
      assertThat(second.changes()).containsExactly("insert a [2]");
    }
  }

  @Test
  void whatTheSinkThrowsPassesThrough() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "throws")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)");
      Position slot = db.publish("a");
      IllegalStateException full = new IllegalStateException("full");
      RecordingSink sink =
          new RecordingSink(slot)
              .onChange(change -> {
                throw full;
              });
      StreamFixture.Running running = db.run(sink, slot, db.table("a"));
      db.execute("INSERT INTO a VALUES (1)");
      assertThat(running.awaitFailure()).isSameAs(full);
      assertThat(db.confirmedLsn()).isEqualTo(lsn(slot));
    }
  }

  @Test
  void stopEndsAfterTheTransactionInHandAlsoWithAFullQueue() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "stopping")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY, s text)");
      Position slot = db.publish("a");
      CountDownLatch begun = new CountDownLatch(1);
      CountDownLatch goOn = new CountDownLatch(1);
      RecordingSink sink =
          new RecordingSink(slot)
              .onChange(change -> {
                begun.countDown();
                try {
                  goOn.await();
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
              });
      StreamFixture.Running running = db.run(sink, slot, db.table("a"));
      db.execute("INSERT INTO a VALUES (0, 'first')");
      begun.await();
      for (int i = 1; i < 5; i++) {
        db.execute(
            "INSERT INTO a SELECT g, 'later' FROM generate_series("
                + i * 5000
                + ", "
                + (i * 5000 + 4999)
                + ") g");
      }
      running.stream.stop();
      goOn.countDown();
      running.stop();
      assertThat(sink.changes()).containsExactly("insert a [0, first]");
      assertThat(threads(db)).isEmpty();
    }
  }

  @Test
  void anInterruptEndsTheStream() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "interrupted")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)");
      Position slot = db.publish("a");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, db.table("a"));
      sink.await(s -> !s.idles().isEmpty());
      running.thread.interrupt();
      assertThat(running.awaitFailure()).isInstanceOf(InterruptedException.class);
      assertThat(threads(db)).isEmpty();
      String connected =
          "SELECT string_agg(application_name, ', ') FROM pg_stat_activity"
              + " WHERE datname = current_database() AND pid <> pg_backend_pid()";
      for (int i = 0; i < 200 && db.ask(connected) != null; i++) {
        Backoff.pause(Duration.ofMillis(20));
      }
      assertThat(db.ask(connected)).as("connections left open").isNull();
    }
  }

  /** Threads of the stream that are still there. */
  private static List<String> threads(StreamFixture db) throws InterruptedException {
    List<String> left = List.of();
    for (int i = 0; i < 100; i++) {
      left =
          Thread.getAllStackTraces().keySet().stream()
              .map(Thread::getName)
              .filter(name -> name.contains(db.config.slot()))
              .toList();
      if (left.isEmpty()) {
        return left;
      }
      Backoff.pause(Duration.ofMillis(20));
    }
    return left;
  }

  @Test
  void upToTheFurthestTableEachEndIsToldAtTheBeginning() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "ends")) {
      db.execute(
          "CREATE TABLE a (id int PRIMARY KEY, s text)",
          "CREATE TABLE b (id int PRIMARY KEY)",
          "CREATE TABLE other (id int)");
      Position slot = db.publish("a", "b");
      TableSchema a = db.table("a");
      TableSchema b = db.table("b");
      db.execute("INSERT INTO a VALUES (-1, 'small')", "INSERT INTO other VALUES (1)");
      db.execute("INSERT INTO a SELECT g, repeat('x', 100) FROM generate_series(1, 40000) g");
      db.transaction("INSERT INTO b VALUES (1)", "TRUNCATE a, b", "INSERT INTO b VALUES (2)");
      db.execute("SELECT pg_logical_emit_message(false, 'other', 'x')");
      db.transaction("SELECT pg_logical_emit_message(true, 'other', 'x')");
      try (Connection interleaved = server.connect("ends")) {
        interleaved.setAutoCommit(false);
        StreamFixture.execute(interleaved, "INSERT INTO b VALUES (3)");
        db.execute("UPDATE b SET id = 4 WHERE id = 2");
        StreamFixture.execute(interleaved, "INSERT INTO b VALUES (5)");
        interleaved.commit();
      }
      db.execute("INSERT INTO a SELECT g, repeat('y', 100) FROM generate_series(1, 40000) g");

      RecordingSink all = new RecordingSink(slot);
      StreamFixture.Running running = db.run(all, slot, a, b);
      all.await(s -> s.changes().size() == 80_007);
      running.stop();
      List<RecordingSink.Committed> known =
          all.committed().stream().filter(each -> !each.changes().isEmpty()).toList();
      assertThat(known).hasSize(6);
      for (RecordingSink.Committed furthest : known) {
        RecordingSink again = new RecordingSink(slot);
        running = db.run(again, slot, furthest.end(), a, b);
        again.await(s -> s.changes().size() == 80_007);
        running.stop();
        assertThat(again.changes()).isEqualTo(all.changes());
        for (RecordingSink.Committed each : again.committed()) {
          OptionalLong told = each.transaction().endLsn();
          if (lsn(each.end()) <= lsn(furthest.end())) {
            assertThat(told).hasValue(lsn(each.end()));
          } else {
            assertThat(told).as("beyond %s", furthest.end()).isEmpty();
          }
        }
        assertThat(db.confirmedLsn()).as("the slot stays").isEqualTo(lsn(slot));
      }
    }
  }

  @Test
  void aTablePublishedInPartIsRefusedWhereTheServerCanDoThat() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "cut")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)", "CREATE TABLE b (id int PRIMARY KEY)");
      Position slot = db.publish("a", "b");
      String alter =
          "ALTER PUBLICATION " + db.config.publication() + " SET TABLE a, b WHERE (id > 5)";
      if (Integer.parseInt(db.ask("SHOW server_version_num")) < 150_000) {
        assertThatThrownBy(() -> db.execute(alter)).hasMessageContaining("syntax error");
        return;
      }
      db.execute(alter);
      FirnException thrown =
          firn(db.run(new RecordingSink(slot), slot, db.table("a"), db.table("b")).awaitFailure());
      assertThat(thrown.kind()).isEqualTo(FirnException.Kind.SOURCE_UNFIT);
      assertThat(thrown).hasMessageContaining("public.b").hasMessageContaining("leaves rows");
    }
  }

  @Test
  void aTableOutsideThePublicationIsRefused() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "unpublished")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)", "CREATE TABLE b (id int PRIMARY KEY)");
      Position slot = db.publish("a");
      StreamFixture.Running running =
          db.run(new RecordingSink(slot), slot, db.table("a"), db.table("b"));
      FirnException thrown = firn(running.awaitFailure());
      assertThat(thrown.kind()).isEqualTo(FirnException.Kind.SOURCE_UNFIT);
      assertThat(thrown).hasMessageContaining("public.b");
    }
  }

  @Test
  void aTableThatLeavesThePublicationAndOneThatWasOutForAWhileEndTheStream() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "leaving")) {
      db.execute("CREATE TABLE a (id int PRIMARY KEY)", "CREATE TABLE b (id int PRIMARY KEY)");
      Position slot = db.publish("a", "b");
      String alter = "ALTER PUBLICATION " + db.config.publication();
      TableSchema a = db.table("a");
      TableSchema b = db.table("b");

      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, a, b);
      db.execute("INSERT INTO a VALUES (1)");
      sink.await(s -> s.changes().size() == 1);
      db.execute(alter + " DROP TABLE b");
      FirnException left = firn(running.awaitFailure());
      assertThat(left.kind()).isEqualTo(FirnException.Kind.SOURCE_UNFIT);
      assertThat(left).hasMessageContaining("does not have public.b");

      db.execute("INSERT INTO b VALUES (1)", alter + " ADD TABLE b");
      assertThat(db.run(sink, slot, a, b).awaitFailure())
          .isInstanceOf(SourceReader.OutdatedStartException.class)
          .hasMessageContaining("did not have public.b for a while");

      sink = new RecordingSink(slot);
      running = db.run(sink, slot, a, db.table("b"));
      sink.await(s -> s.changes().size() == 1);
      db.transaction(alter + " DROP TABLE a", alter + " ADD TABLE a");
      assertThat(running.awaitFailure())
          .isInstanceOf(SourceReader.OutdatedStartException.class)
          .hasMessageContaining("did not have public.a for a while");
    }
  }

  @Test
  void namesWithOddCharactersAreStreamed() throws Exception {
    try (StreamFixture db = new StreamFixture(server, "odd")) {
      db.execute("CREATE TABLE \"a, b.c Ä\" (\"i,d\" int PRIMARY KEY, \"sp ace\" text)");
      Position slot = db.publish("\"a, b.c Ä\"");
      RecordingSink sink = new RecordingSink(slot);
      StreamFixture.Running running = db.run(sink, slot, db.table("a, b.c Ä"));
      db.execute("INSERT INTO \"a, b.c Ä\" VALUES (1, 'x')");
      sink.await(s -> !s.changes().isEmpty());
      running.stop();
      assertThat(sink.changes()).containsExactly("insert a, b.c Ä [1, x]");
    }
  }
}
