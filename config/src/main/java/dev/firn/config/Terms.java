package dev.firn.config;

import dev.firn.config.PartitionField.Transform;
import dev.firn.config.Shapes.Parsed;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The small languages within values: table patterns, partition terms, sort terms. */
final class Terms {
  static final String PARTITION_FORM =
      "^\\s*([^(),\\s][^(),]*"
          + "|(identity|year|month|day|hour)\\([^(),]+\\)"
          + "|(bucket|truncate)\\(\\s*[1-9]\\d{0,8}\\s*,[^(),]+\\))\\s*$";

  private static final Pattern TERM = Pattern.compile("([^()]*)\\(([^()]*)\\)");
  private static final Pattern PARAMETER = Pattern.compile("[1-9]\\d{0,8}");
  private static final Pattern SORT = Pattern.compile("(\\S+)(?:\\s+(asc|desc))?");
  private static final String PARTITION_MEND =
      "Write a column, or year, month, day or hour of one, as in day(created_at), or"
          + " \"bucket(16, id)\" or \"truncate(8, name)\" (in quotes within [ ], because of the"
          + " comma)";

  private Terms() {}

  static Parsed<TablePattern> pattern(String text) {
    String mend = "Write schema.table, each with * for any characters, as in public.* or *.orders";
    if (text.chars()
        .anyMatch(c -> c == '"' || c == '\'' || c == ',' || Character.isISOControl(c))) {
      return Parsed.refused("is not a table pattern: names stand without quotes or commas", mend);
    }
    if (text.isBlank() || !text.equals(text.strip())) {
      return Parsed.refused("is not a table pattern: it has blanks around it", mend);
    }
    try {
      return Parsed.ok(new TablePattern(text));
    } catch (IllegalArgumentException e) {
      return Parsed.refused("is not a table pattern", mend);
    }
  }

  static Parsed<String> column(String text) {
    return text.isBlank() ? Parsed.refused("is blank", "Write a column's name") : Parsed.ok(text);
  }

  static Parsed<PartitionField> partition(String written) {
    String text = written.strip();
    if (text.indexOf('(') < 0 && text.indexOf(')') < 0 && text.indexOf(',') < 0) {
      return text.isEmpty()
          ? Parsed.refused("is not a partition term", PARTITION_MEND)
          : Parsed.ok(new PartitionField(Transform.IDENTITY, text, OptionalInt.empty()));
    }
    Matcher term = TERM.matcher(text);
    if (!term.matches()) {
      return Parsed.refused("is not a partition term", PARTITION_MEND);
    }
    String name = term.group(1).strip();
    List<String> known =
        Arrays.stream(Transform.values()).map(t -> t.name().toLowerCase(Locale.ROOT)).toList();
    if (!known.contains(name)) {
      return Parsed.refused(
          "has an unknown transform",
          Suggestion.nearest(name, known)
              .map(nearest -> "Did you mean '" + nearest + "'?")
              .orElse("The transforms are " + String.join(", ", known)));
    }
    Transform transform = Transform.valueOf(name.toUpperCase(Locale.ROOT));
    String[] arguments = term.group(2).split(",", -1);
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] = arguments[i].strip();
    }
    boolean counted = transform == Transform.BUCKET || transform == Transform.TRUNCATE;
    if (arguments.length != (counted ? 2 : 1)
        || arguments[arguments.length - 1].isEmpty()
        || (counted && !PARAMETER.matcher(arguments[0]).matches())) {
      return Parsed.refused(
          "does not suit " + name,
          switch (transform) {
            case BUCKET -> "Write the number of buckets, then the column: \"bucket(16, id)\"";
            case TRUNCATE -> "Write the width, then the column: \"truncate(8, name)\"";
            case IDENTITY, YEAR, MONTH, DAY, HOUR ->
                "Write one column, as in " + name + "(created_at)";
          });
    }
    return Parsed.ok(
        counted
            ? new PartitionField(
                transform, arguments[1], OptionalInt.of(Integer.parseInt(arguments[0])))
            : new PartitionField(transform, arguments[0], OptionalInt.empty()));
  }

  static Parsed<SortField> sort(String text) {
    Matcher parts = SORT.matcher(text.strip());
    return parts.matches()
        ? Parsed.ok(new SortField(parts.group(1), "desc".equals(parts.group(2))))
        : Parsed.refused(
            "is not a sort term", "Write a column, then asc or desc, as in created_at desc");
  }
}
