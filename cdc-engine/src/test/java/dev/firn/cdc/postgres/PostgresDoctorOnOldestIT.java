package dev.firn.cdc.postgres;

import dev.firn.testing.EmbeddedPostgres;

final class PostgresDoctorOnOldestIT extends PostgresDoctorTest {
  @Override
  int version() {
    return EmbeddedPostgres.OLDEST;
  }
}
