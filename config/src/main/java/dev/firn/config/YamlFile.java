package dev.firn.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import dev.firn.config.YamlNode.Empty;
import dev.firn.config.YamlNode.Entry;
import dev.firn.config.YamlNode.Location;
import dev.firn.config.YamlNode.Mapping;
import dev.firn.config.YamlNode.Scalar;
import dev.firn.config.YamlNode.Sequence;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * Reads YAML into nodes that know their places. What has a meaning of its own in YAML but none in a
 * config file (anchors, aliases, tags, several documents) is refused: passed over, it would change
 * a value silently.
 */
final class YamlFile {
  private static final int DEPTH_MAX = 64;
  private static final String SYNTAX_MEND =
      "Look for a missing colon or blank, a wrong indentation or a tab; put values with any of"
          + " : # { } [ ] , & * ! | > % @ in quotes";
  private static final YAMLFactory FACTORY = new YAMLFactory();

  private final String text;
  private final YAMLParser parser;
  private final Problems problems;

  private YamlFile(String text, YAMLParser parser, Problems problems) {
    this.text = text;
    this.parser = parser;
    this.problems = problems;
  }

  /** The file's one value; null after a problem that leaves nothing to look at. */
  static @Nullable YamlNode parse(String text, Problems problems) {
    try (YAMLParser parser = FACTORY.createParser(text)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        problems.add("", Location.NONE, "the file is empty", "Start from the example in README.md");
        return null;
      }
      YamlFile file = new YamlFile(text, parser, problems);
      YamlNode root = file.node(first, "", 0);
      if (parser.nextToken() != null) {
        problems.add(
            "",
            file.location(),
            "a second YAML document starts here",
            "Write one document in a file, without further lines of '---'");
      }
      return root;
    } catch (JsonProcessingException e) {
      // The library's message quotes lines of the file, so it is not passed on.
      Location location = location(e);
      boolean reference = lineHasReference(text, location.line());
      problems.add(
          "",
          location,
          "this is not YAML",
          reference ? "Within { } or [ ] put references in quotes: \"${env:NAME}\"" : SYNTAX_MEND);
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Location location(JsonProcessingException e) {
    if (e.getCause() instanceof MarkedYAMLException yaml && yaml.getProblemMark() != null) {
      Mark mark = yaml.getProblemMark();
      return new Location(mark.getLine() + 1, mark.getColumn() + 1);
    }
    JsonLocation at = e.getLocation();
    return at == null ? Location.NONE : new Location(at.getLineNr(), at.getColumnNr());
  }

  private static boolean lineHasReference(String text, int line) {
    return text.lines().skip(Math.max(0, line - 1L)).findFirst().orElse("").contains("${");
  }

  private YamlNode node(JsonToken token, String path, int depth) throws IOException {
    Location at = location();
    if (depth > DEPTH_MAX) {
      problems.add(path, at, "the file is nested too deeply", "Firn's keys are 4 levels deep");
      parser.skipChildren();
      return new Empty(at);
    }
    if (startsWithSign()) {
      problems.add(
          path,
          at,
          "anchors (&), aliases (*) and tags (!) are not read",
          "Write the value out; put a text that starts with such a character in quotes");
    }
    return switch (token) {
      case START_OBJECT -> mapping(at, path, depth);
      case START_ARRAY -> sequence(at, path, depth);
      case VALUE_NULL -> new Empty(at);
      default -> new Scalar(at, parser.getText());
    };
  }

  private Mapping mapping(Location at, String path, int depth) throws IOException {
    Map<String, Entry> entries = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      Location keyAt = location();
      YamlNode value = node(parser.nextToken(), path.isEmpty() ? key : path + "." + key, depth + 1);
      Entry first = entries.putIfAbsent(key, new Entry(key, keyAt, value));
      if (first != null) {
        problems.add(
            path.isEmpty() ? key : path + "." + key,
            keyAt,
            "the key is given twice",
            "It is in line " + first.at().line() + " already: keep one of the two");
      }
    }
    return new Mapping(at, List.copyOf(entries.values()));
  }

  private Sequence sequence(Location at, String path, int depth) throws IOException {
    List<YamlNode> items = new ArrayList<>();
    for (JsonToken token = parser.nextToken();
        token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      items.add(node(token, path + "[" + items.size() + "]", depth + 1));
    }
    return new Sequence(at, List.copyOf(items));
  }

  /** No value but a quoted one, which starts with its quote, starts with one of these. */
  private boolean startsWithSign() {
    // the parser counts code points
    int offset = Math.toIntExact(parser.currentTokenLocation().getCharOffset());
    return offset >= 0
        && offset < text.codePointCount(0, text.length())
        && "&*!".indexOf(text.codePointAt(text.offsetByCodePoints(0, offset))) >= 0;
  }

  private Location location() {
    JsonLocation at = parser.currentTokenLocation();
    return new Location(at.getLineNr(), at.getColumnNr());
  }
}
