package dev.firn.config;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The shapes of single values and of lists. */
final class Shapes {
  /** Where the JSON Schema keeps what a value with references looks like. */
  static final String REFERENCE = "#/$defs/reference";

  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");
  private static final Pattern COUNT = Pattern.compile("(\\d{1,12})(k|M|G)?");
  private static final Pattern BYTES = Pattern.compile("(\\d{1,12})(B|kB|MB|GB|KiB|MiB|GiB)");

  private Shapes() {}

  /** What a text came to. */
  sealed interface Parsed<T> {
    /** A value. */
    record Ok<T>(T value) implements Parsed<T> {}

    /** A problem: {@code phrase} goes on after the value, as in "is not a duration". */
    record Refused<T>(String phrase, String mend) implements Parsed<T> {}

    static <T> Parsed<T> ok(T value) {
      return new Ok<>(value);
    }

    static <T> Parsed<T> refused(String phrase, String mend) {
      return new Refused<>(phrase, mend);
    }
  }

  /** Makes a value of a text. */
  interface Parser<T> {
    Parsed<T> parse(String text);
  }

  /** What stands there, for messages about something else that belongs there. */
  static String found(YamlNode node) {
    return switch (node) {
      case YamlNode.Mapping _ -> "a mapping stands";
      case YamlNode.Sequence _ -> "a list stands";
      case YamlNode.Scalar _ -> "a single value stands";
      case YamlNode.Empty _ -> "nothing stands";
    };
  }

  /**
   * A single value, its references replaced.
   *
   * @param noun what it is, as in "a duration"
   * @param example how one is written
   */
  record Single<T>(String noun, String example, ObjectNode form, Parser<T> parser)
      implements Shape<T> {
    @Override
    public @Nullable T read(YamlNode node, Place place) {
      if (!(node instanceof YamlNode.Scalar scalar)) {
        place.problem(found(node) + " where " + noun + " belongs", "Write one, as in " + example);
        return null;
      }
      String text = place.references().resolve(scalar.text(), place);
      if (text == null) {
        return null;
      }
      return switch (parser.parse(text)) {
        case Parsed.Ok<T>(T value) -> value;
        case Parsed.Refused<T>(String phrase, String mend) -> {
          // As written, so that what a reference stands for is never shown.
          place.problem(Shown.quoted(scalar.text()) + " " + phrase, mend);
          yield null;
        }
      };
    }

    @Override
    public ObjectNode schema() {
      ObjectNode schema = JsonNodeFactory.instance.objectNode();
      schema.putArray("anyOf").add(form.deepCopy()).addObject().put("$ref", REFERENCE);
      return schema;
    }
  }

  static <T> Shape<T> text(String noun, String example, String pattern, Parser<T> parser) {
    ObjectNode form = JsonNodeFactory.instance.objectNode().put("type", "string");
    if (!pattern.isEmpty()) {
      form.put("pattern", pattern);
    }
    return new Single<>(noun, example, form, parser);
  }

  /** A text that is not blank. */
  static Shape<String> name(String noun, String example) {
    return text(
        noun,
        example,
        "\\S",
        value ->
            value.isBlank()
                ? Parsed.refused("is blank", "Write " + noun + ", as in " + example)
                : Parsed.ok(value));
  }

  /** One of some words; {@code schema} lists them for editors. */
  static <T> Shape<T> word(String noun, List<String> words, Parser<T> parser) {
    ObjectNode form = JsonNodeFactory.instance.objectNode();
    words.forEach(form.putArray("enum")::add);
    return new Single<>(noun, words.getFirst(), form, parser);
  }

  /** A secret: its value appears in no message. */
  static Shape<Secret> secret(String noun) {
    return new Shape<>() {
      @Override
      public @Nullable Secret read(YamlNode node, Place place) {
        if (!(node instanceof YamlNode.Scalar scalar)) {
          place.problem(
              found(node) + " where " + noun + " belongs",
              "Write one, as in ${file:/run/secrets/name} or ${env:NAME}");
          return null;
        }
        return place.references().secret(scalar.text(), place);
      }

      @Override
      public ObjectNode schema() {
        ObjectNode schema = JsonNodeFactory.instance.objectNode();
        schema.putArray("type").add("string").add("number").add("boolean");
        return schema;
      }
    };
  }

  static Shape<Duration> duration(Duration least, Duration most, String range) {
    String mend = "Write a whole number with a unit, " + range + ": 500ms, 10s, 5m or 1h";
    return text(
        "a duration",
        "10s",
        "^\\d{1,9}(ms|s|m|h)$",
        value -> {
          Matcher parts = DURATION.matcher(value);
          if (!parts.matches()) {
            return Parsed.refused("is not a duration", mend);
          }
          long number = Long.parseLong(parts.group(1));
          Duration duration =
              switch (parts.group(2)) {
                case "ms" -> Duration.ofMillis(number);
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                default -> Duration.ofHours(number);
              };
          return duration.compareTo(least) < 0 || duration.compareTo(most) > 0
              ? Parsed.refused("is out of range", mend)
              : Parsed.ok(duration);
        });
  }

  static Shape<Long> count(long least, long most, String range) {
    String mend = "Write a whole number, " + range + ", with k, M or G for 10^3, 10^6, 10^9: 500k";
    return number("a count", "500k", "^\\d{1,12}(k|M|G)?$", COUNT, least, most, mend);
  }

  static Shape<Long> bytes(long least, long most, String range) {
    String mend = "Write a whole number with a unit, " + range + ": 64MiB or 1GB";
    return number(
        "a size", "64MiB", "^\\d{1,12}(B|kB|MB|GB|KiB|MiB|GiB)$", BYTES, least, most, mend);
  }

  static Shape<Integer> port() {
    Shape<Long> number =
        number("a port", "9464", "^\\d{1,5}$", COUNT, 0, 65535, "Write a port number: 0 to 65535");
    return new Shape<>() {
      @Override
      public @Nullable Integer read(YamlNode node, Place place) {
        Long port = number.read(node, place);
        return port == null ? null : Math.toIntExact(port);
      }

      @Override
      public ObjectNode schema() {
        return number.schema();
      }
    };
  }

  private static Shape<Long> number(
      String noun,
      String example,
      String pattern,
      Pattern grammar,
      long least,
      long most,
      String mend) {
    ObjectNode form = JsonNodeFactory.instance.objectNode();
    form.putArray("type").add("string").add("integer");
    form.put("pattern", pattern);
    return new Single<>(
        noun,
        example,
        form,
        value -> {
          Matcher parts = grammar.matcher(value);
          if (!parts.matches()) {
            return Parsed.refused("is not " + noun, mend);
          }
          long number = Long.parseLong(parts.group(1));
          long unit = unit(parts.group(2));
          return number > most / unit || number * unit < least
              ? Parsed.refused("is out of range", mend)
              : Parsed.ok(number * unit);
        });
  }

  private static long unit(@Nullable String suffix) {
    return switch (suffix) {
      case "k", "kB" -> 1_000L;
      case "M", "MB" -> 1_000_000L;
      case "G", "GB" -> 1_000_000_000L;
      case "KiB" -> 1L << 10;
      case "MiB" -> 1L << 20;
      case "GiB" -> 1L << 30;
      case null, default -> 1L;
    };
  }

  /** Looks at the entries of a list together. */
  interface ListCheck<T> {
    void check(List<T> values, List<Place> places);
  }

  /** A list; with {@code least} 1 an empty one is refused. */
  record Items<T>(String noun, String example, Shape<T> item, int least, ListCheck<T> check)
      implements Shape<List<T>> {
    @Override
    public @Nullable List<T> read(YamlNode node, Place place) {
      if (!(node instanceof YamlNode.Sequence sequence)) {
        place.problem(found(node) + " where " + noun + " belongs", "Write one, as in " + example);
        return null;
      }
      if (sequence.items().size() < least) {
        place.problem("the list is empty", "Write " + noun + ", as in " + example);
        return null;
      }
      Problems mine = new Problems();
      List<T> values = new ArrayList<>();
      List<Place> places = new ArrayList<>();
      Place list = new Place(mine, place.references(), place.path(), place.at());
      for (int i = 0; i < sequence.items().size(); i++) {
        YamlNode entry = sequence.items().get(i);
        Place at = list.item(i, entry.at());
        T value = item.read(entry, at);
        if (value != null) {
          values.add(value);
          places.add(at);
        }
      }
      check.check(values, places);
      mine.inOrder().forEach(place.problems()::add);
      return mine.isEmpty() ? List.copyOf(values) : null;
    }

    @Override
    public ObjectNode schema() {
      ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "array");
      if (least > 0) {
        schema.put("minItems", least);
      }
      schema.set("items", item.schema());
      return schema;
    }
  }

  /** Refuses an entry that equals an earlier one. */
  static <T> ListCheck<T> distinct(String mend) {
    return (values, places) -> {
      for (int i = 0; i < values.size(); i++) {
        int first = values.indexOf(values.get(i));
        if (first < i) {
          places.get(i).problem("it repeats " + places.get(first).path(), mend);
        }
      }
    };
  }

  /** A mapping with keys of the user's choice. */
  record Entries<T>(String noun, String example, Shape<T> value, Map<String, String> elsewhere)
      implements Shape<Map<String, T>> {
    @Override
    public @Nullable Map<String, T> read(YamlNode node, Place place) {
      if (!(node instanceof YamlNode.Mapping mapping)) {
        place.problem(found(node) + " where " + noun + " belongs", "Write one, as in " + example);
        return null;
      }
      Map<String, T> values = new LinkedHashMap<>();
      boolean complete = true;
      for (YamlNode.Entry entry : mapping.entries()) {
        Place at = place.key(entry.key(), entry.value().at());
        String home = elsewhere.get(entry.key());
        T read = home == null ? value.read(entry.value(), at) : null;
        if (home != null) {
          at.problem("it has a key of its own", home);
        }
        if (read == null) {
          complete = false;
        } else {
          values.put(entry.key(), read);
        }
      }
      return complete ? values : null;
    }

    @Override
    public ObjectNode schema() {
      ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "object");
      schema.set("additionalProperties", value.schema());
      if (!elsewhere.isEmpty()) {
        ObjectNode names = schema.putObject("propertyNames").putObject("not");
        elsewhere.keySet().stream().sorted().forEach(names.putArray("enum")::add);
      }
      return schema;
    }
  }
}
