package dev.firn.testing.reader;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Answers requests, one a line, until its input ends.
 *
 * <p>An answer is any number of lines: the columns as {@code {"columns":["a","b"]}}, each row as
 * {@code ["1",null]}, and one last line: {@code {"rows":17}}, or {@code {"error":"…"}} where the
 * engine refused. Before the first request it says {@code {"rows":0}}: the engine is ready.
 */
public final class EngineServer {
  private static final ObjectMapper JSON = JsonMapper.builder().build();
  private static final int MAX_ERROR_CHARS = 4_000;

  private EngineServer() {}

  /** Serves until {@code requests} ends. */
  public static void serve(Engine engine, InputStream requests, OutputStream answers)
      throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(requests, StandardCharsets.UTF_8));
    try (JsonGenerator out = JSON.createGenerator(answers)) {
      out.setPrettyPrinter(null);
      out.setRootValueSeparator(null);
      end(out, "rows", 0L);
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        answer(engine, JSON.readValue(line, Request.class), out);
      }
    }
  }

  private static void answer(Engine engine, Request request, JsonGenerator out) throws IOException {
    RowWriter rows = new RowWriter(out);
    try {
      switch (request) {
        case Request.Open open -> engine.open(open.catalog(), open.properties());
        case Request.Query query -> engine.query(query.sql(), rows);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (Exception e) {
      e.printStackTrace(System.err);
      end(out, "error", chain(e));
      return;
    }
    end(out, "rows", rows.count);
  }

  private static void end(JsonGenerator out, String name, Object value) throws IOException {
    out.writeStartObject();
    out.writeFieldName(name);
    out.writePOJO(value);
    out.writeEndObject();
    out.writeRaw('\n');
    out.flush();
  }

  private static String chain(Throwable failure) {
    StringBuilder text = new StringBuilder();
    for (Throwable t = failure; t != null && text.length() < MAX_ERROR_CHARS; t = t.getCause()) {
      text.append(text.isEmpty() ? "" : "; caused by ").append(t);
    }
    return text.substring(0, Math.min(text.length(), MAX_ERROR_CHARS));
  }

  private static final class RowWriter implements Engine.Rows {
    private final JsonGenerator out;
    private long count;

    RowWriter(JsonGenerator out) {
      this.out = out;
    }

    @Override
    public void columns(List<String> names) throws IOException {
      out.writeStartObject();
      out.writeFieldName("columns");
      out.writePOJO(names);
      out.writeEndObject();
      out.writeRaw('\n');
    }

    @Override
    public void row(List<@Nullable String> values) throws IOException {
      out.writeStartArray();
      for (String value : values) {
        out.writeString(value);
      }
      out.writeEndArray();
      out.writeRaw('\n');
      count++;
    }
  }
}
