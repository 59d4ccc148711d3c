package dev.firn.iceberg;

import dev.firn.iceberg.commit.KnownTable;
import dev.firn.iceberg.commit.Marks;
import dev.firn.iceberg.commit.TableChange;
import dev.firn.iceberg.commit.TableCommitPart;
import org.apache.iceberg.Table;

/** A table that takes part no longer: its rows stay, and count as not loaded. */
record LeavingPart(KnownTable table, Marks marks) implements TableCommitPart {
  @Override
  public TableChange changeOn(Table current) {
    return new TableChange.Nothing();
  }

  @Override
  public void committed(Table committed) {}
}
