package dev.firn.testing.reader;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The one text of a value, whoever read it: two systems hold the same value exactly where these
 * texts are equal.
 *
 * <ul>
 *   <li>integers: decimal digits; fixed-point numbers: plain, with all digits of their scale;
 *   <li>IEEE numbers: the shortest digits that name the same bits, so 0.0 and -0.0 differ, and
 *       {@code NaN}, {@code Infinity}, {@code -Infinity};
 *   <li>booleans: {@code true}, {@code false};
 *   <li>dates: {@code 2024-02-29}; times and timestamps with six digits of a second: {@code
 *       23:59:59.000001}, {@code 2024-02-29T23:59:59.000001}, and with a {@code Z}, in UTC, where
 *       they are instants;
 *   <li>bytes: lower-case hexadecimal; uuids: their usual form; text: itself;
 *   <li>arrays: {@code ["a","b",null]}, each element's text as a JSON string.
 * </ul>
 *
 * <p>NULL is null, which is no text.
 */
public final class RowText {
  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder()
          .appendPattern("HH:mm:ss")
          .appendFraction(ChronoField.NANO_OF_SECOND, 6, 6, true)
          .toFormatter(Locale.ROOT);

  private static final DateTimeFormatter TIMESTAMP =
      new DateTimeFormatterBuilder()
          .append(DateTimeFormatter.ISO_LOCAL_DATE)
          .appendLiteral('T')
          .append(TIME)
          .toFormatter(Locale.ROOT);

  private RowText() {}

  /**
   * The text of a value.
   *
   * @throws IllegalArgumentException for a type that has none, and for nanoseconds, which no column
   *     here holds
   */
  public static @Nullable String of(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case String text -> text;
      case Boolean bool -> bool.toString();
      case Byte number -> number.toString();
      case Short number -> number.toString();
      case Integer number -> number.toString();
      case Long number -> number.toString();
      case BigDecimal number -> number.toPlainString();
      case Float number -> number.toString();
      case Double number -> number.toString();
      case LocalDate date -> date.toString();
      case LocalTime time -> {
        checkMicros(time);
        yield TIME.format(time);
      }
      case LocalDateTime timestamp -> {
        checkMicros(timestamp.toLocalTime());
        yield TIMESTAMP.format(timestamp);
      }
      case OffsetDateTime instant -> of(instant.toInstant());
      case ZonedDateTime instant -> of(instant.toInstant());
      case Instant instant -> of(LocalDateTime.ofInstant(instant, ZoneOffset.UTC)) + "Z";
      case UUID uuid -> uuid.toString();
      case byte[] bytes -> HexFormat.of().formatHex(bytes);
      case ByteBuffer buffer -> {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        yield HexFormat.of().formatHex(bytes);
      }
      case Object[] elements -> array(Arrays.asList(elements));
      case List<?> elements -> array(elements);
      default ->
          throw new IllegalArgumentException(
              "no canonical text for a " + value.getClass().getName());
    };
  }

  private static void checkMicros(LocalTime time) {
    if (time.getNano() % 1_000 != 0) {
      throw new IllegalArgumentException("finer than a microsecond: " + time);
    }
  }

  private static String array(List<?> elements) {
    StringBuilder text = new StringBuilder("[");
    for (Object element : elements) {
      if (text.length() > 1) {
        text.append(',');
      }
      String elementText = of(element);
      if (elementText == null) {
        text.append("null");
      } else {
        text.append('"')
            .append(JsonStringEncoder.getInstance().quoteAsString(elementText))
            .append('"');
      }
    }
    return text.append(']').toString();
  }
}
