package dev.firn.cdc.stream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.firn.change.table.Column;
import dev.firn.change.table.TableSchema;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a DDL trigger wrote into the log, in the transaction of the statement.
 *
 * <p>JSON: {@code {"tag": "ALTER TABLE", "objects": [{"oid": 1, "schema": "s", "table": "t",
 * "columns": [[attnum, name, type], …]}], "dropped": [{"oid": 1}], "rewrite": false, "unpublished":
 * [{"oid": 1}]}}.
 *
 * @param altered the tables that the command touched, as they are afterwards
 * @param dropped the oids of tables dropped
 * @param rewrite whether the command rewrites the tables' rows, without telling of any
 * @param unpublished the oids of tables taken out of the publication
 */
record DdlMessage(
    String tag,
    List<Altered> altered,
    List<Long> dropped,
    boolean rewrite,
    List<Long> unpublished) {
  private static final ObjectMapper JSON = new ObjectMapper();

  DdlMessage {
    altered = List.copyOf(altered);
    dropped = List.copyOf(dropped);
    unpublished = List.copyOf(unpublished);
  }

  record Altered(long oid, String schema, String table, List<Attribute> columns) {
    Altered {
      columns = List.copyOf(columns);
    }
  }

  record Attribute(int number, String name, String type) {}

  /**
   * Reads a message's content.
   *
   * @throws IllegalStateException where it is none
   */
  static DdlMessage parse(byte[] content) {
    JsonNode root;
    try {
      root = JSON.readTree(new String(content, StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a DDL message in the log is not JSON", e);
    }
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
    return new DdlMessage(
        root.path("tag").asText(),
        altered,
        oids(root.path("dropped")),
        root.path("rewrite").asBoolean(),
        oids(root.path("unpublished")));
  }

  private static List<Long> oids(JsonNode objects) {
    List<Long> oids = new ArrayList<>();
    objects.forEach(object -> oids.add(object.path("oid").asLong()));
    return oids;
  }

  /** How the statement changes the table, in words; empty where it leaves it as it is. */
  Optional<String> changeOf(TableSchema table) {
    if (dropped.contains(table.sourceId())) {
      return Optional.of("was dropped");
    }
    if (unpublished.contains(table.sourceId())) {
      return Optional.of("lost its replica identity and was taken out of the publication");
    }
    for (Altered object : altered) {
      if (object.oid() == table.sourceId()) {
        if (rewrite) {
          return Optional.of("is rewritten, which changes rows without telling");
        }
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
