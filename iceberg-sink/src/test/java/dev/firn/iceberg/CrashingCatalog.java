package dev.firn.iceberg;

import java.util.concurrent.ConcurrentHashMap;
import org.apache.iceberg.BaseMetastoreTableOperations;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.jdbc.JdbcCatalog;

/** A catalog that commits one table at a time, and ends the daemon before a chosen one. */
public final class CrashingCatalog extends JdbcCatalog {
  /** The daemon's end: nothing in Firn catches it. */
  static final class Crash extends Error {
    private static final long serialVersionUID = 1L;
  }

  private static final ConcurrentHashMap<String, TableIdentifier> BEFORE =
      new ConcurrentHashMap<>();
  private String uri = "";

  /** The next commit to this table of the catalog with that URI crashes before it. */
  static void crashBefore(String uri, TableIdentifier table) {
    BEFORE.put(uri, table);
  }

  @Override
  public void initialize(String name, java.util.Map<String, String> properties) {
    uri = properties.get("uri");
    super.initialize(name, properties);
  }

  @Override
  protected TableOperations newTableOps(TableIdentifier table) {
    BaseMetastoreTableOperations real = (BaseMetastoreTableOperations) super.newTableOps(table);
    return new BaseMetastoreTableOperations() {
      @Override
      protected String tableName() {
        return table.toString();
      }

      @Override
      public TableMetadata current() {
        return real.current();
      }

      @Override
      public TableMetadata refresh() {
        return real.refresh();
      }

      @Override
      public void commit(TableMetadata base, TableMetadata metadata) {
        if (BEFORE.remove(uri, table)) {
          throw new Crash();
        }
        real.commit(base, metadata);
      }

      @Override
      public FileIO io() {
        return real.io();
      }
    };
  }
}
