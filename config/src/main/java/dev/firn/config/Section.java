package dev.firn.config;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A mapping with known keys.
 *
 * @param name what messages call it
 * @param keys its keys in the order in which documents list them
 * @param unbuilt the keys that are drawn but not built: refused by name, so that nobody relies on
 *     what does not happen yet
 * @param check looks at several keys together, also when some could not be read
 * @param build makes the value of a section without problems
 */
record Section<T>(
    String name, List<Key<?>> keys, List<Unbuilt> unbuilt, Check check, Build<T> build)
    implements Shape<T> {

  /** A key whose feature is not built yet. */
  record Unbuilt(String name, String consequence, String mend) {}

  /** Looks at several keys together and reports problems. */
  interface Check {
    void check(Fields fields, Place section);
  }

  /** Makes the value. */
  interface Build<T> {
    T build(Fields fields);
  }

  Section {
    keys = List.copyOf(keys);
    unbuilt = List.copyOf(unbuilt);
  }

  Section(String name, List<Key<?>> keys, Build<T> build) {
    this(name, keys, List.of(), (fields, section) -> {}, build);
  }

  @Override
  public @Nullable T read(YamlNode node, Place place) {
    if (!(node instanceof YamlNode.Mapping mapping)) {
      place.problem(
          Shapes.found(node) + " where " + name + " belongs",
          "Write its keys below it, indented: " + names());
      return null;
    }
    Problems mine = new Problems();
    Place section = new Place(mine, place.references(), place.path(), place.at());
    Fields fields = new Fields();
    Map<String, Key<?>> left = new LinkedHashMap<>();
    keys.forEach(key -> left.put(key.name(), key));
    for (YamlNode.Entry entry : mapping.entries()) {
      Key<?> key = left.remove(entry.key());
      if (key == null) {
        refuse(entry.key(), section.key(entry.key(), entry.at()));
      } else {
        read(key, entry, section, fields);
      }
    }
    left.values().forEach(key -> absent(key, section, fields));
    check.check(fields, section);
    mine.inOrder().forEach(place.problems()::add);
    return mine.isEmpty() ? build.build(fields) : null;
  }

  private static <T> void read(Key<T> key, YamlNode.Entry entry, Place section, Fields fields) {
    Place place = section.key(key.name(), entry.value().at());
    fields.written(key, place);
    T value = key.read(entry.value(), place);
    if (value != null) {
      fields.put(key, value);
    }
  }

  private static <T> void absent(Key<T> key, Place section, Fields fields) {
    switch (key.presence()) {
      case Key.Presence.Required<T>(String example) ->
          section
              .key(key.name(), section.at())
              .problem("the key is missing", "Write it, as in " + key.name() + ": " + example);
      case Key.Presence.Optional<T> _ -> {}
      case Key.Presence.Default<T>(T value, String _) -> fields.put(key, value);
    }
  }

  private void refuse(String key, Place at) {
    for (Unbuilt drawn : unbuilt) {
      if (drawn.name().equals(key)) {
        at.problem(Shown.quoted(key) + " is not built yet: " + drawn.consequence(), drawn.mend());
        return;
      }
    }
    List<String> known =
        Stream.concat(keys.stream().map(Key::name), unbuilt.stream().map(Unbuilt::name)).toList();
    at.problem(
        Shown.quoted(key) + " is not a key of " + name,
        Suggestion.nearest(key, known)
            .map(nearest -> "Did you mean '" + nearest + "'?")
            .orElse("Its keys are " + names()));
  }

  private String names() {
    return String.join(", ", keys.stream().map(Key::name).toList());
  }

  @Override
  public ObjectNode schema() {
    ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "object");
    schema.put("additionalProperties", false);
    ObjectNode properties = schema.putObject("properties");
    for (Key<?> key : keys) {
      properties.set(key.name(), describe(key));
    }
    for (Unbuilt drawn : unbuilt) {
      ObjectNode property = properties.putObject(drawn.name());
      property.put("description", "Not built yet: " + drawn.consequence() + ".");
      property.putObject("not");
    }
    List<String> required =
        keys.stream()
            .filter(key -> key.presence() instanceof Key.Presence.Required)
            .map(Key::name)
            .toList();
    if (!required.isEmpty()) {
      required.forEach(schema.putArray("required")::add);
    }
    return schema;
  }

  private static <T> ObjectNode describe(Key<T> key) {
    ObjectNode schema = JsonNodeFactory.instance.objectNode();
    schema.put("description", key.description());
    schema.setAll(key.shape().schema());
    if (key.presence() instanceof Key.Presence.Default<T>(T _, String shown) && !shown.isEmpty()) {
      schema.put("default", shown);
    }
    return schema;
  }
}
