package dev.firn.cdc.postgres;

import dev.firn.testing.EmbeddedPostgres;

final class SourceCatalogOnOldestIT extends SourceCatalogTest {
  @Override
  int version() {
    return EmbeddedPostgres.OLDEST;
  }
}
