package dev.firn.cdc.stream;

import dev.firn.testing.EmbeddedPostgres;
import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;

/** The same on the oldest version of PostgreSQL that is supported. */
class PostgresStreamOnOldestIT extends PostgresStreamTest {
  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.start(EmbeddedPostgres.OLDEST);
  }
}
