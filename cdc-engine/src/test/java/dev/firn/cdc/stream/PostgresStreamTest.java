package dev.firn.cdc.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.position.Position;
import dev.firn.change.table.TableSchema;
import dev.firn.testing.EmbeddedPostgres;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PostgresStreamTest {
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.start();
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
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
}
