package dev.firn.iceberg.write;

import dev.firn.change.fault.Failpoint;
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
  private static final long BYTES_BETWEEN_SIZE_CHECKS = 4L << 20;

  private final LiveFile live;
  private final String location;
  private final DataWriter<Row> writer;
  private long rows;
  private long sizeBytes;
  private int uncheckedRows;
  private long uncheckedBytes;
  private boolean used;

  private OpenDataFile(LiveFile live, String location, DataWriter<Row> writer) {
    this.live = live;
    this.location = location;
    this.writer = writer;
  }

  /**
   * Opens a file.
   *
   * @param spec the partition spec that the file is of; the table may have another by now
   * @param partition the rows' partition; null where the spec has none
   * @param order the order in which rows will come
   */
  static OpenDataFile open(
      Table table,
      RowLayout layout,
      OutputFileFactory names,
      PartitionSpec spec,
      @Nullable StructLike partition,
      SortOrder order,
      LiveFile live) {
    EncryptedOutputFile output =
        partition == null ? names.newOutputFile() : names.newOutputFile(spec, partition);
    String location = output.encryptingOutputFile().location();
    try {
      DataWriter<Row> writer =
          Parquet.writeData(output.encryptingOutputFile())
              .forTable(table)
              // the table's own may have got further columns since
              .schema(layout.schema())
              .withSpec(spec)
              .withPartition(partition)
              .withSortOrder(order)
              .createWriterFunc(message -> new ParquetRowWriter(layout, message))
              .overwrite()
              .build();
      Failpoint.DATA_FILE_OPENED.reached();
      return new OpenDataFile(live, location, writer);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot open " + location, e);
    }
  }

  LiveFile live() {
    return live;
  }

  /** Writes a row and returns its position. */
  long write(Row row) {
    writer.write(row);
    used = true;
    uncheckedBytes += row.sizeBytes();
    if (++uncheckedRows >= ROWS_BETWEEN_SIZE_CHECKS
        || uncheckedBytes >= BYTES_BETWEEN_SIZE_CHECKS) {
      uncheckedRows = 0;
      uncheckedBytes = 0;
      sizeBytes = writer.length();
    }
    return rows++;
  }

  /** How large the file is so far, roughly. */
  long sizeBytes() {
    return sizeBytes;
  }

  /** Whether a row was written since this was last asked. */
  boolean wasUsed() {
    boolean was = used;
    used = false;
    return was;
  }

  /** Completes the file in storage. */
  DataFile finish() {
    try {
      writer.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + location, e);
    }
    Failpoint.DATA_FILE_WRITTEN.reached();
    DataFile file = writer.toDataFile();
    live.finish(file);
    return file;
  }
}
