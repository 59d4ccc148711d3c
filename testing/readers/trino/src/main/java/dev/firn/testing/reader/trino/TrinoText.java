package dev.firn.testing.reader.trino;

import dev.firn.testing.reader.RowText;
import io.trino.client.ClientTypeSignature;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a value of one type, as Trino's client hands it over, becomes its canonical text. */
@FunctionalInterface
interface TrinoText {
  /** The value of RowText's types that the client's value stands for; never asked for null. */
  Object value(Object raw);

  /** The canonical text. */
  default @Nullable String text(@Nullable Object raw) {
    return raw == null ? null : RowText.of(value(raw));
  }

  /** The way for a type. */
  static TrinoText of(ClientTypeSignature type) {
    return switch (type.getRawType()) {
      case "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varbinary" ->
          raw -> raw;
      case "varchar", "char", "json", "uuid", "decimal" -> raw -> (String) raw;
      case "date" -> raw -> LocalDate.parse((String) raw);
      case "time" -> raw -> LocalTime.parse((String) raw);
      case "timestamp" -> raw -> timestamp((String) raw);
      case "timestamp with time zone" -> raw -> instant((String) raw);
      case "array" -> {
        TrinoText element = of(type.getArgumentsAsTypeSignatures().getFirst());
        yield raw -> elements((List<?>) raw, element);
      }
      default -> throw new IllegalArgumentException("no canonical text for Trino's " + type);
    };
  }

  private static LocalDateTime timestamp(String text) {
    return LocalDateTime.parse(text.replace(' ', 'T'));
  }

  private static Object instant(String text) {
    if (!text.endsWith(" UTC")) {
      throw new IllegalArgumentException("not in UTC: " + text);
    }
    return timestamp(text.substring(0, text.length() - 4)).toInstant(ZoneOffset.UTC);
  }

  private static List<@Nullable Object> elements(List<?> raw, TrinoText type) {
    List<@Nullable Object> values = new ArrayList<>(raw.size());
    for (Object element : raw) {
      values.add(element == null ? null : type.value(element));
    }
    return values;
  }
}
