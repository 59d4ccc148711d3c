package dev.firn.iceberg.control;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.GenericRecord;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.data.parquet.GenericParquetWriter;
import org.apache.iceberg.io.DataWriter;
import org.apache.iceberg.parquet.Parquet;

/** Writes the control table's rows. */
final class StatusRows {
  private StatusRows() {}

  static List<DataFile> write(
      Table table, List<TableStatus> rows, long sourceTimeMicros, long writtenAtMicros) {
    if (rows.isEmpty()) {
      return List.of();
    }
    String location = table.locationProvider().newDataLocation(UUID.randomUUID() + ".parquet");
    try (DataWriter<Record> writer =
        Parquet.writeData(table.io().newOutputFile(location))
            .schema(table.schema())
            .withSpec(PartitionSpec.unpartitioned())
            .createWriterFunc(GenericParquetWriter::create)
            .build()) {
      for (TableStatus row : rows) {
        writer.write(record(table, row, sourceTimeMicros, writtenAtMicros));
      }
      writer.close();
      return List.of(writer.toDataFile());
    } catch (IOException e) {
      throw new UncheckedIOException("writing the rows of " + table.name(), e);
    }
  }

  private static Record record(
      Table table, TableStatus row, long sourceTimeMicros, long writtenAtMicros) {
    GenericRecord record = GenericRecord.create(table.schema());
    record.setField("source_schema", row.table().schema());
    record.setField("source_table", row.table().name());
    record.setField("loaded", row.loaded());
    record.setField("checkpoint", row.checkpoint());
    row.position().ifPresent(position -> record.setField("position", position.toText()));
    row.sourceCommitMicros()
        .ifPresent(micros -> record.setField("source_commit_time", time(micros)));
    record.setField("written_at", time(writtenAtMicros));
    if (row.loaded() && sourceTimeMicros > 0) {
      record.setField("fresh_as_of", time(sourceTimeMicros));
    }
    return record;
  }

  private static OffsetDateTime time(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS).atOffset(ZoneOffset.UTC);
  }
}
