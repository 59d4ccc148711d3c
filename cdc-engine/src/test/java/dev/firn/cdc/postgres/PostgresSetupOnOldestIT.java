package dev.firn.cdc.postgres;

import dev.firn.testing.EmbeddedPostgres;

final class PostgresSetupOnOldestIT extends PostgresSetupTest {
  @Override
  int version() {
    return EmbeddedPostgres.OLDEST;
  }
}
