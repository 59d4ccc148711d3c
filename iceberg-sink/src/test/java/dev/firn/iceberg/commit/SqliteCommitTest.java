package dev.firn.iceberg.commit;

import dev.firn.config.CatalogConfig;

final class SqliteCommitTest extends SqlCommitContract {
  @Override
  CatalogConfig config() {
    return warehouse.sqlite(faults());
  }

  @Override
  String faults() {
    return "sqlite";
  }

  @Override
  String pointersUrl() {
    return "jdbc:sqlite:" + warehouse.sqliteFile();
  }
}
