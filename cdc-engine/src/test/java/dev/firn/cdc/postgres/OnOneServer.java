package dev.firn.cdc.postgres;

import dev.firn.testing.EmbeddedPostgres;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** Tests that share one server; a subclass runs them on another version. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class OnOneServer {
  TestSource source;

  int version() {
    return EmbeddedPostgres.NEWEST;
  }

  @BeforeAll
  void start() throws IOException {
    source = TestSource.start(version());
  }

  @AfterAll
  void stop() throws IOException {
    source.close();
  }
}
