package dev.firn.daemon;

import dev.firn.config.CatalogConfig;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import dev.firn.iceberg.read.ReplicaState;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads where a replica stands again and again, through one catalog that stays open from the first
 * time that there is one. Reads come from one thread at a time; closed from any.
 */
final class ReplicaLook implements AutoCloseable {
  private final CatalogConfig config;
  private final Object lock = new Object();
  private @Nullable ReplicaCatalog open;
  private boolean closed;

  ReplicaLook(CatalogConfig config) {
    this.config = config;
  }

  /**
   * Where the replica stands now.
   *
   * @return empty where the catalog holds no replica
   * @throws dev.firn.change.fault.FirnException where the catalog or the bucket fails
   */
  Optional<ReplicaState> read() {
    return catalog().flatMap(catalog -> ReplicaState.read(catalog, List.of()));
  }

  private Optional<ReplicaCatalog> catalog() {
    synchronized (lock) {
      if (open != null) {
        return Optional.of(open);
      }
    }
    Optional<ReplicaCatalog> opened = ReplicaCatalog.openExisting(config);
    synchronized (lock) {
      if (!closed) {
        open = opened.orElse(null);
        return opened;
      }
    }
    opened.ifPresent(ReplicaCatalog::close);
    return Optional.empty();
  }

  @Override
  public void close() {
    ReplicaCatalog last;
    synchronized (lock) {
      closed = true;
      last = open;
      open = null;
    }
    if (last != null) {
      last.close();
    }
  }
}
