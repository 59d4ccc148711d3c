package dev.firn.cdc.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.row.RowBuilder;
import dev.firn.change.row.RowWriter;
import dev.firn.change.table.Column;
import dev.firn.change.table.ColumnType.Simple;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BinaryCopyDecoderTest {
  private static final TableSchema TABLE =
      new TableSchema(
          new TableId("public", "t"),
          1,
          2,
          List.of(
              new Column(1, "id", Simple.INT32, false, "integer"),
              new Column(2, "name", Simple.TEXT, true, "text")),
          List.of(0));

  private static final class Texts implements BinaryCopyDecoder.Target {
    private final RowBuilder builder = new RowBuilder();
    private final List<String> rows = new ArrayList<>();

    @Override
    public RowWriter begin() {
      return builder.begin(2);
    }

    @Override
    public void end() {
      var row = builder.build();
      rows.add(row.getLong(0) + "=" + (row.isNull(1) ? null : row.getText(1)));
    }
  }

  private static byte[] copy(boolean end) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.write(new byte[] {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0});
    out.writeLong(0);
    for (int i = 0; i < 3; i++) {
      out.writeShort(2);
      out.writeInt(4);
      out.writeInt(i);
      if (i == 1) {
        out.writeInt(-1);
      } else {
        byte[] name = ("n" + i).repeat(i).getBytes(StandardCharsets.UTF_8);
        out.writeInt(name.length);
        out.write(name);
      }
    }
    if (end) {
      out.writeShort(-1);
    }
    return bytes.toByteArray();
  }

  @Test
  void rowsAreTheSameHoweverTheBytesAreCut() throws Exception {
    byte[] bytes = copy(true);
    for (int size = 1; size <= bytes.length; size++) {
      BinaryCopyDecoder decoder = new BinaryCopyDecoder(TABLE);
      Texts texts = new Texts();
      for (int at = 0; at < bytes.length; at += size) {
        decoder.accept(bytes, at, Math.min(size, bytes.length - at), texts);
      }
      decoder.finish();
      assertThat(texts.rows).containsExactly("0=", "1=null", "2=n2n2");
    }
  }

  @Test
  void aCopyWithoutItsEndIsNoCopy() throws Exception {
    byte[] bytes = copy(false);
    BinaryCopyDecoder decoder = new BinaryCopyDecoder(TABLE);
    decoder.accept(bytes, 0, bytes.length, new Texts());
    assertThatThrownBy(decoder::finish).isInstanceOf(EOFException.class);
  }

  @Test
  void bytesOfAnotherFormAreRefused() throws Exception {
    byte[] bytes = copy(true);
    bytes[0] = 'X';
    assertThatThrownBy(
            () -> new BinaryCopyDecoder(TABLE).accept(bytes, 0, bytes.length, new Texts()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not in binary form");
  }
}
