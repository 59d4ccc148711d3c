package dev.firn.iceberg.control;

import dev.firn.change.position.Frontier;
import dev.firn.iceberg.commit.KnownTable;
import dev.firn.iceberg.commit.Marks;
import dev.firn.iceberg.commit.ReplicaCommits;
import dev.firn.iceberg.commit.TableChange;
import dev.firn.iceberg.commit.TableCommitPart;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.iceberg.Table;

/**
 * Puts an epoch on tables, each with an empty snapshot that says again what the table said before.
 * A former daemon that is still in the middle of a commit finds the table moved; only afterwards
 * are positions and frontiers read.
 */
public final class Fence {
  private Fence() {}

  /**
   * Fences tables, together where the catalog can. One that no longer holds what Firn wrote into it
   * counts as not loaded from here on.
   *
   * @param recorded tables that the control table knows
   * @param unrecorded tables that it does not know, or knows otherwise. They count as not loaded
   *     from here on, even where a load has landed: the position may have moved on without their
   *     changes.
   */
  public static void put(
      ReplicaCommits commits,
      Collection<KnownTable> recorded,
      Collection<KnownTable> unrecorded,
      long epoch,
      String daemon)
      throws InterruptedException {
    List<Part> parts =
        Stream.concat(
                recorded.stream().map(table -> new Part(table, true, epoch, daemon)),
                unrecorded.stream().map(table -> new Part(table, false, epoch, daemon)))
            .toList();
    if (!parts.isEmpty()) {
      commits.commit("fencing with epoch " + epoch, parts);
    }
  }

  private record Part(KnownTable table, boolean recorded, long epoch, String daemon)
      implements TableCommitPart {
    @Override
    public Marks marks() {
      Marks now = table.marks();
      return new Marks(
          epoch,
          daemon,
          now.checkpoint(),
          now.position(),
          recorded && !table.isLost() ? now.frontier() : Optional.of(new Frontier.NotLoaded()));
    }

    @Override
    public TableChange changeOn(Table current) {
      return new TableChange.Nothing();
    }

    @Override
    public void committed(Table committed) {}
  }
}
