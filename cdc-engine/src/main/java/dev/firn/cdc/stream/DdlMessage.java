package dev.firn.cdc.stream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.change.table.Column;
import dev.firn.change.table.TableSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a DDL trigger wrote into the log, in the transaction of the statement: the affected tables
 * as they are afterwards, those that were dropped, and those that are rewritten.
 *
 * <p>JSON: {@code {"tag": "ALTER TABLE", "objects": [{"oid": 1, "schema": "s", "table": "t",
 * "columns": [[attnum, name, type], …]}], "dropped": [{"oid": 1}], "rewritten": [{"oid": 1,
 * "reason": 2}]}}, each list possibly absent. A rewrite's reason is that of {@code
 * pg_event_trigger_table_rewrite_reason()}.
 */
record DdlMessage(
    String tag, List<Altered> altered, List<Long> dropped, List<Rewritten> rewritten) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Bits of a rewrite's reason: a default was filled in, a column's type changed. */
  private static final int VALUES_MAY_CHANGE = 2 | 4;

  record Altered(long oid, String schema, String table, List<Attribute> columns) {}

  record Attribute(int number, String name, String type) {}

  record Rewritten(long oid, int reason) {}

  /**
   * Reads a message's content.
   *
   * @throws IllegalStateException where it is none
   */
  static DdlMessage parse(byte[] content) {
    try {
      JsonNode root = JSON.readTree(new String(content, java.nio.charset.StandardCharsets.UTF_8));
      List<Altered> altered = new ArrayList<>();
      for (JsonNode object : root.path("objects")) {
        List<Attribute> columns = new ArrayList<>();
        for (JsonNode column : object.path("columns")) {
          columns.add(
              new Attribute(
                  column.path(0).asInt(), column.path(1).asText(), column.path(2).asText()));
        }
        altered.add(
            new Altered(
                object.path("oid").asLong(),
                object.path("schema").asText(),
                object.path("table").asText(),
                columns));
      }
      List<Long> dropped = new ArrayList<>();
      for (JsonNode object : root.path("dropped")) {
        dropped.add(object.isObject() ? object.path("oid").asLong() : object.asLong());
      }
      List<Rewritten> rewritten = new ArrayList<>();
      for (JsonNode object : root.path("rewritten")) {
        rewritten.add(new Rewritten(object.path("oid").asLong(), object.path("reason").asInt()));
      }
      return new DdlMessage(root.path("tag").asText(), altered, dropped, rewritten);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a DDL message in the log is not JSON", e);
    }
  }

  /** How the statement changes the table, in words; empty where it leaves it as it is. */
  Optional<String> changeOf(TableSchema table) {
    if (dropped.contains(table.sourceId())) {
      return Optional.of("was dropped");
    }
    for (Rewritten rewrite : rewritten) {
      if (rewrite.oid() == table.sourceId() && (rewrite.reason() & VALUES_MAY_CHANGE) != 0) {
        return Optional.of("was rewritten, which changes rows without telling");
      }
    }
    for (Altered object : altered) {
      if (object.oid() == table.sourceId()) {
        if (!object.schema().equals(table.id().schema())
            || !object.table().equals(table.id().name())) {
          return Optional.of("is now " + object.schema() + "." + object.table());
        }
        String before = told(table.columns().stream().map(DdlMessage::attribute).toList());
        String after = told(object.columns());
        if (!before.equals(after)) {
          return Optional.of("has the columns (" + after + ") instead of (" + before + ")");
        }
      }
    }
    return Optional.empty();
  }

  private static Attribute attribute(Column column) {
    return new Attribute(column.id(), column.name(), column.sourceType());
  }

  private static String told(List<Attribute> columns) {
    StringBuilder text = new StringBuilder();
    for (Attribute column : columns) {
      text.append(text.isEmpty() ? "" : ", ").append(column.name()).append(' ');
      text.append(column.type()).append(" #").append(column.number());
    }
    return text.toString();
  }
}
