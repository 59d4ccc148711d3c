package dev.firn.e2e.reader;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.RowDelta;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.BaseDeleteLoader;
import org.apache.iceberg.data.GenericFileWriterFactory;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.deletes.BaseDVFileWriter;
import org.apache.iceberg.deletes.PositionDelete;
import org.apache.iceberg.deletes.PositionDeleteWriter;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.io.DeleteWriteResult;
import org.apache.iceberg.io.FileWriterFactory;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.util.ContentFileUtil;

/**
 * Writes an Iceberg table by Iceberg's own means, which are none of Firn's: rows appended, and rows
 * removed by their positions, with deletion vectors or position delete files as the table's format
 * says.
 */
final class IcebergFixture {
  private final Table table;
  private final int formatVersion;
  private final List<Placed> live = new ArrayList<>();
  private int operations;

  private record Placed(Record row, DataFile file, long position) {}

  IcebergFixture(Table table, int formatVersion) {
    this.table = table;
    this.formatVersion = formatVersion;
  }

  /** Appends rows, a file for each partition that they fall in. */
  void append(List<Record> rows) throws IOException {
    OutputFileFactory files = files();
    FileWriterFactory<Record> writers = writers();
    InternalRecordWrapper wrapper = new InternalRecordWrapper(table.schema().asStruct());
    Map<PartitionKey, List<Record>> byPartition = new HashMap<>();
    PartitionKey key = new PartitionKey(table.spec(), table.schema());
    for (Record row : rows) {
      key.partition(wrapper.wrap(row));
      byPartition.computeIfAbsent(key.copy(), k -> new ArrayList<>()).add(row);
    }
    var append = table.newAppend();
    for (Map.Entry<PartitionKey, List<Record>> partition : byPartition.entrySet()) {
      DataWriter<Record> writer =
          writers.newDataWriter(file(files, partition.getKey()), table.spec(), partition.getKey());
      try (writer) {
        partition.getValue().forEach(writer::write);
      }
      DataFile file = writer.toDataFile();
      append.appendFile(file);
      for (int i = 0; i < partition.getValue().size(); i++) {
        live.add(new Placed(partition.getValue().get(i), file, i));
      }
    }
    append.commit();
  }

  /** Removes rows by their positions, in one commit. */
  void delete(Predicate<Record> which) throws IOException {
    List<Placed> dead = live.stream().filter(p -> which.test(p.row())).toList();
    live.removeAll(dead);
    RowDelta delta = table.newRowDelta().validateFromSnapshot(table.currentSnapshot().snapshotId());
    if (formatVersion == 2) {
      positionDeletes(dead).forEach(delta::addDeletes);
    } else {
      DeleteWriteResult vectors = deletionVectors(dead);
      vectors.deleteFiles().forEach(delta::addDeletes);
      vectors.rewrittenDeleteFiles().forEach(delta::removeDeletes);
    }
    delta.commit();
  }

  private List<DeleteFile> positionDeletes(List<Placed> dead) throws IOException {
    Map<String, List<Placed>> byFile = new HashMap<>();
    dead.forEach(p -> byFile.computeIfAbsent(p.file().location(), k -> new ArrayList<>()).add(p));
    OutputFileFactory files = files();
    FileWriterFactory<Record> writers = writers();
    List<DeleteFile> written = new ArrayList<>();
    for (List<Placed> positions : byFile.values()) {
      DataFile file = positions.getFirst().file();
      PositionDeleteWriter<Record> writer =
          writers.newPositionDeleteWriter(
              file(files, file.partition()), table.spec(), file.partition());
      try (writer) {
        PositionDelete<Record> delete = PositionDelete.create();
        positions.forEach(p -> writer.write(delete.set(file.location(), p.position())));
      }
      written.add(writer.toDeleteFile());
    }
    return written;
  }

  private DeleteWriteResult deletionVectors(List<Placed> dead) throws IOException {
    Map<String, DeleteFile> earlier = new HashMap<>();
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      for (FileScanTask task : tasks) {
        task.deletes().stream()
            .filter(ContentFileUtil::isDV)
            .forEach(vector -> earlier.put(task.file().location(), vector));
      }
    }
    BaseDeleteLoader loader = new BaseDeleteLoader(file -> table.io().newInputFile(file));
    BaseDVFileWriter writer =
        new BaseDVFileWriter(
            files(),
            path -> {
              DeleteFile vector = earlier.get(path);
              return vector == null ? null : loader.loadPositionDeletes(List.of(vector), path);
            });
    try (writer) {
      dead.forEach(p ->
          writer.delete(p.file().location(), p.position(), table.spec(), p.file().partition()));
    }
    return writer.result();
  }

  /** Where the next file goes: not under a partition without a name, where there are none. */
  private EncryptedOutputFile file(OutputFileFactory files, StructLike partition) {
    return table.spec().isUnpartitioned()
        ? files.newOutputFile()
        : files.newOutputFile(table.spec(), partition);
  }

  private OutputFileFactory files() {
    return OutputFileFactory.builderFor(table, 0, ++operations).format(FileFormat.PARQUET).build();
  }

  private FileWriterFactory<Record> writers() {
    return new GenericFileWriterFactory.Builder(table).build();
  }
}
