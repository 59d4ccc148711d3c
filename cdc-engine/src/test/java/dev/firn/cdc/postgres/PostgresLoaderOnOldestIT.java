package dev.firn.cdc.postgres;

import dev.firn.testing.EmbeddedPostgres;

final class PostgresLoaderOnOldestIT extends PostgresLoaderTest {
  @Override
  int version() {
    return EmbeddedPostgres.OLDEST;
  }
}
