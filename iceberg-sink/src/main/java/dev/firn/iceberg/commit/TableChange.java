package dev.firn.iceberg.commit;

import dev.firn.iceberg.write.TableDelta;
import java.util.List;
import org.apache.iceberg.DataFile;

/** What a commit does to a table's rows. */
public sealed interface TableChange {
  /** Nothing: an empty snapshot, for its summary. */
  record Nothing() implements TableChange {}

  /** Adds and removes rows against the snapshot that the delta names. */
  record Delta(TableDelta delta) implements TableChange {}

  /** These rows stand in place of all that the table holds, whatever that is. */
  record Replacement(List<DataFile> files) implements TableChange {
    public Replacement {
      files = List.copyOf(files);
    }
  }
}
