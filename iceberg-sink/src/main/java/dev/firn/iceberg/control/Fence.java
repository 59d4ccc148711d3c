package dev.firn.iceberg.control;

import dev.firn.iceberg.commit.KnownTable;
import dev.firn.iceberg.commit.Marks;
import dev.firn.iceberg.commit.ReplicaCommits;
import dev.firn.iceberg.commit.TableChange;
import dev.firn.iceberg.commit.TableCommitPart;
import java.util.Collection;
import java.util.List;
import org.apache.iceberg.Table;

/**
 * Puts an epoch on tables, each with an empty snapshot that says again what the table said before.
 * A former daemon that is still in the middle of a commit finds the table moved; only afterwards
 * are positions and frontiers read.
 */
public final class Fence {
  private Fence() {}

  /** Fences tables, together where the catalog can. */
  public static void put(
      ReplicaCommits commits, Collection<KnownTable> tables, long epoch, String daemon)
      throws InterruptedException {
    List<Part> parts = tables.stream().map(table -> new Part(table, epoch, daemon)).toList();
    if (!parts.isEmpty()) {
      commits.commit("fencing with epoch " + epoch, parts);
    }
  }

  private record Part(KnownTable table, long epoch, String daemon) implements TableCommitPart {
    @Override
    public Marks marks() {
      Marks now = table.marks();
      return new Marks(epoch, daemon, now.checkpoint(), now.position(), now.frontier());
    }

    @Override
    public TableChange changeOn(Table current) {
      return new TableChange.Nothing();
    }

    @Override
    public void committed(Table committed) {}
  }
}
