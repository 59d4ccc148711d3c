package dev.firn.daemon.compare;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.postgres.PostgresLoader;
import dev.firn.cdc.postgres.SourceCatalog;
import dev.firn.change.TableLoader;
import dev.firn.change.table.TableSchema;
import dev.firn.config.FirnConfig;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import dev.firn.iceberg.read.ReplicaRows;
import dev.firn.reconcile.RowComparison;
import dev.firn.reconcile.RowSort;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Compares every mirrored table with its replica, row by row and value by value. Nothing may be
 * written meanwhile, and the replica must stand at the source's last commit: whoever calls sees to
 * both.
 */
public final class SideBySide {
  private static final Duration BARRIER_TIMEOUT = Duration.ofMinutes(1);
  private static final long SORT_BYTES = 48L << 20;
  private static final int MAX_FINDINGS = 10;

  private final FirnConfig config;
  private final Path folder;

  /**
   * A comparison.
   *
   * @param folder where what does not fit the memory is sorted; must exist
   */
  public SideBySide(FirnConfig config, Path folder) {
    this.config = config;
    this.folder = folder;
  }

  /**
   * Compares one table after the other.
   *
   * @param each told of each result at once
   * @throws dev.firn.change.fault.FirnException where a side cannot be read
   */
  public List<RowComparison.Result> compare(Consumer<RowComparison.Result> each)
      throws InterruptedException {
    PostgresConnections connections = new PostgresConnections(config.source());
    List<TableSchema> tables = new SourceCatalog(connections, config).read().schemas();
    List<RowComparison.Result> results = new ArrayList<>();
    try (ReplicaCatalog catalog = ReplicaCatalog.open(config.catalog())) {
      TableLoader loader = new PostgresLoader(connections, BARRIER_TIMEOUT);
      ReplicaRows replica = new ReplicaRows(catalog);
      for (TableSchema table : tables) {
        try (RowSort left = new RowSort(table, folder, SORT_BYTES);
            RowSort right = new RowSort(table, folder, SORT_BYTES)) {
          try (TableLoader.View view = loader.open(table)) {
            view.copy(left::add);
          }
          replica.copy(table, right::add);
          RowComparison.Result result =
              RowComparison.compare(table, left.sorted(), right.sorted(), MAX_FINDINGS);
          results.add(result);
          each.accept(result);
        }
      }
    }
    return results;
  }
}
