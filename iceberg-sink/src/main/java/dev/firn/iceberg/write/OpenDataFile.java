package dev.firn.iceberg.write;

import dev.firn.change.fault.Failpoint;
import dev.firn.change.row.Row;
import dev.firn.iceberg.schema.IcebergTables;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.encryption.EncryptedOutputFile;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.io.OutputFileFactory;
import org.apache.iceberg.parquet.Parquet;
import org.apache.iceberg.types.Type.TypeID;
import org.apache.iceberg.types.Types;
import org.apache.parquet.hadoop.ParquetOutputFormat;
import org.jspecify.annotations.Nullable;

/** A data file that rows are being written to. */
final class OpenDataFile {
  private static final int ROWS_BETWEEN_SIZE_CHECKS = 1000;
  private static final long BYTES_BETWEEN_SIZE_CHECKS = 4L << 20;

  /**
   * After at most this many rows Parquet looks whether a row group is full. Rows of more than their
   * share of one are counted here, because it would look too late.
   */
  private static final int ROWS_BETWEEN_GROUP_CHECKS = 1000;

  private static final long WIDE_ROW_BYTES =
      IcebergTables.ROW_GROUP_BYTES / ROWS_BETWEEN_GROUP_CHECKS;

  private final LiveFile live;
  private final String location;
  private final DataWriter<Row> writer;
  private long rows;
  private long sizeBytes;
  private int uncheckedRows;
  private long uncheckedBytes;
  private long wideBytes;
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
   * @param large whether the rows are so large that copies of their values count: they get no
   *     bounds and no dictionary
   */
  static OpenDataFile open(
      Table table,
      RowLayout layout,
      OutputFileFactory names,
      PartitionSpec spec,
      @Nullable StructLike partition,
      SortOrder order,
      boolean large,
      LiveFile live) {
    EncryptedOutputFile output =
        partition == null ? names.newOutputFile() : names.newOutputFile(spec, partition);
    String location = output.encryptingOutputFile().location();
    try {
      Parquet.DataWriteBuilder builder =
          Parquet.writeData(output.encryptingOutputFile())
              .forTable(table)
              // the table's own may have got further columns since
              .schema(layout.schema())
              .withSpec(spec)
              .withPartition(partition)
              .withSortOrder(order)
              .createWriterFunc(message -> new ParquetRowWriter(layout, message))
              .set(
                  TableProperties.PARQUET_ROW_GROUP_CHECK_MAX_RECORD_COUNT,
                  Integer.toString(ROWS_BETWEEN_GROUP_CHECKS))
              .overwrite();
      if (large) {
        builder.set(ParquetOutputFormat.ENABLE_DICTIONARY, "false");
        for (Types.NestedField field : layout.schema().columns()) {
          if (field.type().typeId() == TypeID.STRING || field.type().typeId() == TypeID.BINARY) {
            builder.set(
                TableProperties.PARQUET_COLUMN_STATS_ENABLED_PREFIX + field.name(), "false");
          }
        }
      }
      DataWriter<Row> writer = builder.build();
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
    if (row.sizeBytes() > WIDE_ROW_BYTES) {
      wideBytes += row.sizeBytes();
    }
    if (++uncheckedRows >= ROWS_BETWEEN_SIZE_CHECKS
        || uncheckedBytes >= BYTES_BETWEEN_SIZE_CHECKS) {
      uncheckedRows = 0;
      uncheckedBytes = 0;
      sizeBytes = writer.length();
    }
    return rows++;
  }

  /** Whether the file is to end here. */
  boolean isFull(long targetBytes) {
    return sizeBytes >= targetBytes || wideBytes >= IcebergTables.ROW_GROUP_BYTES;
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
