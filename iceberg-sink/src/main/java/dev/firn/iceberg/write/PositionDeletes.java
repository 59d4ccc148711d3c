package dev.firn.iceberg.write;

import dev.firn.change.fault.Failpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.MetricsConfig;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableUtil;
import org.apache.iceberg.deletes.BaseDVFileWriter;
import org.apache.iceberg.deletes.PositionDelete;
import org.apache.iceberg.deletes.PositionDeleteIndex;
import org.apache.iceberg.deletes.PositionDeleteWriter;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.parquet.Parquet;
import org.apache.iceberg.util.ContentFileUtil;

/**
 * Writes which rows of which files are dead: in format v3 a deletion vector for each data file, all
 * of them in one Puffin file; in v2 a position-delete file for each.
 *
 * <p>A vector always holds all dead rows of its file and replaces the former one. A v2 file does so
 * too as long as that is cheap; a file with many dead rows gets a file of the new ones beside the
 * former, until there are {@link #MAX_BESIDE} of them.
 */
final class PositionDeletes {
  /** Up to this many dead rows a v2 delete file is written anew, however few are new. */
  private static final long CHEAP_ROWS = 1 << 16;

  private static final int MAX_BESIDE = 8;

  /**
   * What was written for one data file.
   *
   * @param added its new delete file
   * @param replaced delete files of the base snapshot that the new one contains
   */
  record Written(LiveFile file, DeleteFile added, List<DeleteFile> replaced) {
    Written {
      replaced = List.copyOf(replaced);
    }
  }

  private PositionDeletes() {}

  /** Writes and uploads the deletes of files in which rows died within this checkpoint. */
  static List<Written> write(Table table, OutputFileFactory names, List<LiveFile> files) {
    if (files.isEmpty()) {
      return List.of();
    }
    Failpoint.DELETE_FILES_DUE.reached();
    try {
      List<Written> written =
          TableUtil.formatVersion(table) >= 3
              ? vectors(table, names, files)
              : positionFiles(table, names, files);
      Failpoint.DELETE_FILES_WRITTEN.reached();
      return written;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write deletes of " + table.name(), e);
    }
  }

  /** How many rows of the file have to be written out again: all of them, or only the new ones. */
  private static boolean writesAll(
      LiveFile file, PositionDeleteIndex all, PositionDeleteIndex now) {
    return all.cardinality() <= Math.max(CHEAP_ROWS, 4 * now.cardinality())
        || file.deleteFiles().size() >= MAX_BESIDE;
  }

  private static List<Written> vectors(Table table, OutputFileFactory names, List<LiveFile> files)
      throws IOException {
    BaseDVFileWriter writer = new BaseDVFileWriter(names, path -> null);
    try (writer) {
      for (LiveFile file : files) {
        writer.delete(
            file.file().location(), allDead(file), spec(table, file), file.file().partition());
      }
    }
    Map<String, DeleteFile> vectors = new HashMap<>();
    for (DeleteFile vector : writer.result().deleteFiles()) {
      vectors.put(vector.referencedDataFile(), vector);
    }
    List<Written> written = new ArrayList<>();
    for (LiveFile file : files) {
      DeleteFile vector = vectors.get(file.file().location());
      if (vector == null) {
        throw new IllegalStateException("no vector was written for " + file.file().location());
      }
      written.add(new Written(file, vector, replaceable(file)));
    }
    return written;
  }

  private static List<Written> positionFiles(
      Table table, OutputFileFactory names, List<LiveFile> files) throws IOException {
    List<Written> written = new ArrayList<>();
    for (LiveFile file : files) {
      PositionDeleteIndex now = file.deadNow();
      PositionDeleteIndex all = allDead(file);
      boolean writesAll = now == null || writesAll(file, all, now);
      PositionDeleteIndex which = now == null || writesAll ? all : now;
      PartitionSpec spec = spec(table, file);
      EncryptedOutputFile output =
          spec.isUnpartitioned()
              ? names.newOutputFile()
              : names.newOutputFile(spec, file.file().partition());
      PositionDeleteWriter<Void> writer =
          Parquet.writeDeletes(output.encryptingOutputFile())
              .forTable(table)
              // whole paths in the bounds: they tell readers which data file it is about
              .metricsConfig(MetricsConfig.forPositionDelete())
              .withSpec(spec)
              .withPartition(file.file().partition())
              .rowSchema(null)
              .overwrite()
              .buildPositionWriter();
      try (writer) {
        PositionDelete<Void> delete = PositionDelete.create();
        String path = file.file().location();
        which.forEach(position -> writer.write(delete.set(path, position)));
      }
      written.add(
          new Written(file, writer.toDeleteFile(), writesAll ? replaceable(file) : List.of()));
    }
    return written;
  }

  private static PositionDeleteIndex allDead(LiveFile file) {
    PositionDeleteIndex dead = file.dead();
    if (dead == null) {
      throw new IllegalStateException("no row of " + file.file().location() + " is dead");
    }
    return dead;
  }

  /** Files that hold deletes of several data files, which others may have written, must stay. */
  static List<DeleteFile> replaceable(LiveFile file) {
    return file.deleteFiles().stream().filter(ContentFileUtil::isFileScoped).toList();
  }

  private static PartitionSpec spec(Table table, LiveFile file) {
    PartitionSpec spec = table.specs().get(file.file().specId());
    if (spec == null) {
      throw new IllegalStateException(
          table.name() + " has no partition spec " + file.file().specId());
    }
    return spec;
  }

  /** The name factory for the files that {@link #write} makes. */
  static OutputFileFactory names(Table table) {
    return OutputFileFactory.builderFor(table, 1, 1)
        .format(TableUtil.formatVersion(table) >= 3 ? FileFormat.PUFFIN : FileFormat.PARQUET)
        .suffix("deletes")
        .build();
  }
}
