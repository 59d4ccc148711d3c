package dev.firn.iceberg.write;

import dev.firn.change.row.Row;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.parquet.Parquet;
import org.jspecify.annotations.Nullable;

/** A data file that rows are being written to. */
final class OpenDataFile {
  private static final int ROWS_BETWEEN_SIZE_CHECKS = 1000;

  private final LiveFile live;
  private final String location;
  private final DataWriter<Row> writer;
  private long rows;
  private long sizeBytes;

  private OpenDataFile(LiveFile live, String location, DataWriter<Row> writer) {
    this.live = live;
    this.location = location;
    this.writer = writer;
  }

  /**
   * Opens a file.
   *
   * @param partition the rows' partition; null in an unpartitioned table
   * @param sorted whether rows will come in the table's sort order
   */
  static OpenDataFile open(
      Table table,
      RowLayout layout,
      OutputFileFactory names,
      @Nullable StructLike partition,
      boolean sorted,
      LiveFile live) {
    PartitionSpec spec = table.spec();
    EncryptedOutputFile output =
        partition == null ? names.newOutputFile() : names.newOutputFile(spec, partition);
    String location = output.encryptingOutputFile().location();
    try {
      DataWriter<Row> writer =
          Parquet.writeData(output.encryptingOutputFile())
              .forTable(table)
              .withSpec(spec)
              .withPartition(partition)
              .withSortOrder(sorted ? table.sortOrder() : SortOrder.unsorted())
              .createWriterFunc(message -> new ParquetRowWriter(layout, message))
              .overwrite()
              .build();
      return new OpenDataFile(live, location, writer);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot open " + location, e);
    }
  }

  LiveFile live() {
    return live;
  }

  String location() {
    return location;
  }

  /** Writes a row and returns its position. */
  long write(Row row) {
    writer.write(row);
    if (rows % ROWS_BETWEEN_SIZE_CHECKS == 0) {
      sizeBytes = writer.length();
    }
    return rows++;
  }

  /** How large the file is so far, roughly. */
  long sizeBytes() {
    return sizeBytes;
  }

  /** Completes the file in storage. */
  DataFile finish() {
    try {
      writer.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + location, e);
    }
    DataFile file = writer.toDataFile();
    live.finish(file);
    return file;
  }
}
