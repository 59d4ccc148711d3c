package dev.firn.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * The config file as JSON Schema (draft 2020-12), for editors: made from the shapes that {@link
 * FirnConfigReader} reads by.
 */
public final class FirnConfigSchema {
  private FirnConfigSchema() {}

  /** The schema, indented, with a line break at its end. */
  public static String json() {
    ObjectNode schema = JsonNodeFactory.instance.objectNode();
    schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    schema.put("title", "Firn's config file");
    schema.setAll(FirnConfigShape.ROOT.schema());
    ObjectNode reference = schema.putObject("$defs").putObject("reference");
    reference.put(
        "description", "A value with ${env:NAME} or ${file:/path}, which Firn looks up at start.");
    reference.put("type", "string");
    reference.put("pattern", "\\$\\{(env|file):[^}]+\\}");
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(indenter);
    printer.indentArraysWith(indenter);
    try {
      return JsonMapper.builder().build().writer(printer).writeValueAsString(schema) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A schema in memory cannot be written", e);
    }
  }
}
