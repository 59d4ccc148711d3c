package dev.firn.iceberg;

import dev.firn.iceberg.commit.KnownTable;
import dev.firn.iceberg.commit.Marks;
import dev.firn.iceberg.commit.TableChange;
import dev.firn.iceberg.commit.TableCommitPart;
import dev.firn.iceberg.write.TableDelta;
import dev.firn.iceberg.write.TableWriter;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;

/** A writer's share of a checkpoint. */
final class WriterPart implements TableCommitPart {
  private final KnownTable table;
  private final TableWriter writer;
  private final Marks marks;
  private final Map<String, String> properties;
  private TableDelta delta;

  WriterPart(
      KnownTable table,
      TableWriter writer,
      TableDelta delta,
      Marks marks,
      Map<String, String> properties) {
    this.table = table;
    this.writer = writer;
    this.delta = delta;
    this.marks = marks;
    this.properties = properties;
  }

  @Override
  public KnownTable table() {
    return table;
  }

  @Override
  public Marks marks() {
    return marks;
  }

  @Override
  public Map<String, String> properties() {
    return properties;
  }

  @Override
  public TableChange changeOn(Table current) throws InterruptedException {
    Snapshot snapshot = current.currentSnapshot();
    OptionalLong base =
        snapshot == null ? OptionalLong.empty() : OptionalLong.of(snapshot.snapshotId());
    if (!delta.baseSnapshotId().equals(base)) {
      delta = writer.prepareAgain(current);
    }
    return new TableChange.Delta(delta);
  }

  @Override
  public void committed(Table committed) {
    writer.committed(committed);
  }
}
