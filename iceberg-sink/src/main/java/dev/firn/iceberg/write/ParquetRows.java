package dev.firn.iceberg.write;

import dev.firn.change.row.ArrayValue;
import dev.firn.change.row.Row;
import dev.firn.change.row.RowBuilder;
import dev.firn.change.table.ColumnType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.SeekableInputStream;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.DummyRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.io.DelegatingSeekableInputStream;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/**
 * Reads some columns of some rows of a data file as packed rows, straight from Parquet's column
 * readers. Row groups without a wanted row are not fetched. Files of other writers are read too:
 * columns are found by field id, numbers and decimals in any of the forms that Iceberg admits.
 */
final class ParquetRows {
  /**
   * A column to read.
   *
   * @param fieldId its Iceberg field
   * @param type what the row is to hold
   */
  record Column(int fieldId, ColumnType type) {}

  /** Takes the rows read, each a view that lasts for the call. */
  @FunctionalInterface
  interface Consumer {
    /**
     * A row.
     *
     * @param position where in the file it is
     * @param row its columns in the order asked for
     */
    void accept(long position, Row row);
  }

  /** Which rows are wanted. */
  interface Wanted {
    /** Whether any row from one position up to another, exclusive, is wanted. */
    boolean anyIn(long from, long to);

    /** Whether the row is wanted; asked for rising positions. */
    boolean test(long position);

    /** All rows that the predicate admits, nowhere skipping in advance. */
    static Wanted where(LongPredicate predicate) {
      return new Wanted() {
        @Override
        public boolean anyIn(long from, long to) {
          return true;
        }

        @Override
        public boolean test(long position) {
          return predicate.test(position);
        }
      };
    }

    /** The rows at these positions, which rise. */
    static Wanted at(long[] positions) {
      return new Wanted() {
        @Override
        public boolean anyIn(long from, long to) {
          int at = java.util.Arrays.binarySearch(positions, from);
          int first = at < 0 ? -at - 1 : at;
          return first < positions.length && positions[first] < to;
        }

        @Override
        public boolean test(long position) {
          return java.util.Arrays.binarySearch(positions, position) >= 0;
        }
      };
    }
  }

  private ParquetRows() {}

  /** Reads the wanted rows in the order of their positions. */
  static void read(FileIO io, DataFile file, Column[] columns, Wanted wanted, Consumer consumer) {
    if (file.format() != FileFormat.PARQUET) {
      throw new IllegalArgumentException(file.location() + " is " + file.format());
    }
    try (ParquetFileReader reader =
        ParquetFileReader.open(
            new IcebergInput(io.newInputFile(file.location(), file.fileSizeInBytes())),
            ParquetReadOptions.builder(new PlainParquetConfiguration()).build())) {
      MessageType inFile = reader.getFileMetaData().getSchema();
      List<Type> projected = new ArrayList<>();
      @Nullable Type[] types = new Type[columns.length];
      for (int i = 0; i < columns.length; i++) {
        int fieldId = columns[i].fieldId();
        for (Type type : inFile.getFields()) {
          if (type.getId() != null && type.getId().intValue() == fieldId) {
            types[i] = type;
            projected.add(type);
          }
        }
      }
      MessageType asked = new MessageType(inFile.getName(), projected);
      reader.setRequestedSchema(asked);
      String createdBy = reader.getFileMetaData().getCreatedBy();
      RowBuilder builder = new RowBuilder();
      long position = 0;
      List<BlockMetaData> groups = reader.getRowGroups();
      for (int group = 0; group < groups.size(); group++) {
        long rows = groups.get(group).getRowCount();
        if (wanted.anyIn(position, position + rows)) {
          try (PageReadStore pages = reader.readRowGroup(group)) {
            ColumnReadStoreImpl store =
                new ColumnReadStoreImpl(
                    pages, new DummyRecordConverter(asked).getRootConverter(), asked, createdBy);
            Cell[] cells = new Cell[columns.length];
            for (int i = 0; i < columns.length; i++) {
              cells[i] = cell(columns[i].type(), types[i], asked, store);
            }
            for (long row = 0; row < rows; row++) {
              if (wanted.test(position + row)) {
                builder.begin(columns.length);
                for (int i = 0; i < cells.length; i++) {
                  cells[i].read(builder, i);
                }
                consumer.accept(position + row, builder.build());
              } else {
                for (Cell cell : cells) {
                  cell.skip();
                }
              }
            }
          }
        }
        position += rows;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file.location(), e);
    }
  }

  private static Cell cell(
      ColumnType type, @Nullable Type inFile, MessageType asked, ColumnReadStoreImpl store) {
    if (inFile == null) {
      return new Cell(type, null, 0, 0);
    }
    for (ColumnDescriptor leaf : asked.getColumns()) {
      if (leaf.getPath()[0].equals(inFile.getName())) {
        return new Cell(
            type,
            store.getColumnReader(leaf),
            leaf.getMaxDefinitionLevel(),
            inFile.isRepetition(Type.Repetition.OPTIONAL) ? 1 : 0);
      }
    }
    throw new IllegalStateException("no column for " + inFile);
  }

  /** One column of the rows of one row group. */
  private static final class Cell {
    private final ColumnType type;
    private final @Nullable ColumnReader in;
    private final int present;
    private final int listPresent;
    private final @Nullable PrimitiveTypeName form;
    private final ArrayValue.Builder array = new ArrayValue.Builder();

    Cell(ColumnType type, @Nullable ColumnReader in, int present, int listPresent) {
      this.type = type;
      this.in = in;
      this.present = present;
      this.listPresent = listPresent;
      this.form = in == null ? null : in.getDescriptor().getPrimitiveType().getPrimitiveTypeName();
    }

    void skip() {
      if (in == null) {
        return;
      }
      do {
        if (in.getCurrentDefinitionLevel() == present) {
          in.skip();
        }
        in.consume();
      } while (in.getCurrentRepetitionLevel() > 0);
    }

    void read(RowBuilder row, int column) {
      if (in == null) {
        row.setNull(column);
      } else if (type instanceof ColumnType.Array of) {
        readList(in, of.element(), row, column);
      } else {
        if (in.getCurrentDefinitionLevel() < present) {
          row.setNull(column);
        } else {
          switch (type.form()) {
            case LONG -> row.setLong(column, longValue(in));
            case FLOAT -> row.setFloat(column, in.getFloat());
            case DOUBLE -> row.setDouble(column, doubleValue(in));
            case BYTES -> {
              ByteBuffer bytes = bytesValue(in, type);
              row.setBytes(
                  column, bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
            }
          }
        }
        in.consume();
      }
    }

    private void readList(ColumnReader from, ColumnType element, RowBuilder row, int column) {
      int level = from.getCurrentDefinitionLevel();
      if (level < listPresent) {
        row.setNull(column);
        from.consume();
        return;
      }
      array.begin();
      do {
        level = from.getCurrentDefinitionLevel();
        if (level == present) {
          switch (element.form()) {
            case LONG -> array.addLong(longValue(from));
            case FLOAT -> array.addFloat(from.getFloat());
            case DOUBLE -> array.addDouble(doubleValue(from));
            case BYTES -> {
              ByteBuffer bytes = bytesValue(from, element);
              array.addBytes(
                  bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
            }
          }
        } else if (level > listPresent) {
          array.addNull();
        }
        from.consume();
      } while (from.getCurrentRepetitionLevel() > 0);
      array.writeTo(row, column);
    }

    private long longValue(ColumnReader from) {
      return switch (requiredForm()) {
        case BOOLEAN -> from.getBoolean() ? 1 : 0;
        case INT32 -> from.getInteger();
        case INT64 -> from.getLong();
        case BINARY, FIXED_LEN_BYTE_ARRAY ->
            new BigInteger(from.getBinary().getBytes()).longValueExact();
        case FLOAT, DOUBLE, INT96 -> throw unreadable();
      };
    }

    private double doubleValue(ColumnReader from) {
      return requiredForm() == PrimitiveTypeName.FLOAT ? from.getFloat() : from.getDouble();
    }

    private ByteBuffer bytesValue(ColumnReader from, ColumnType of) {
      return switch (requiredForm()) {
        case BINARY, FIXED_LEN_BYTE_ARRAY -> {
          Binary value = from.getBinary();
          if (of instanceof ColumnType.Decimal) {
            // in the row: the least number of bytes
            yield ByteBuffer.wrap(new BigInteger(value.getBytesUnsafe()).toByteArray());
          }
          ByteBuffer bytes = value.toByteBuffer();
          yield bytes.hasArray() ? bytes : ByteBuffer.wrap(value.getBytes());
        }
        case INT32 -> ByteBuffer.wrap(BigInteger.valueOf(from.getInteger()).toByteArray());
        case INT64 -> ByteBuffer.wrap(BigInteger.valueOf(from.getLong()).toByteArray());
        case BOOLEAN, FLOAT, DOUBLE, INT96 -> throw unreadable();
      };
    }

    private PrimitiveTypeName requiredForm() {
      if (form == null) {
        throw new IllegalStateException("the column is not in the file");
      }
      return form;
    }

    private IllegalStateException unreadable() {
      return new IllegalStateException(form + " in the file cannot be read as " + type);
    }
  }

  /** Iceberg's input as Parquet's. */
  private record IcebergInput(org.apache.iceberg.io.InputFile file) implements InputFile {
    @Override
    public long getLength() {
      return file.getLength();
    }

    @Override
    public org.apache.parquet.io.SeekableInputStream newStream() {
      SeekableInputStream stream = file.newStream();
      return new DelegatingSeekableInputStream(stream) {
        @Override
        public long getPos() throws IOException {
          return stream.getPos();
        }

        @Override
        public void seek(long newPosition) throws IOException {
          stream.seek(newPosition);
        }
      };
    }
  }
}
