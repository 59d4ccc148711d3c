package dev.firn.e2e.reader;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** The order in which PostgreSQL and the engines give rows of a key, over canonical texts. */
final class KeyOrder {
  private KeyOrder() {}

  /** The order of a key's texts, column by column. */
  static Comparator<List<String>> of(List<SourceTable.Column> key) {
    List<Comparator<String>> orders = key.stream().map(c -> of(c.type())).toList();
    return (a, b) -> {
      for (int i = 0; i < orders.size(); i++) {
        int order = orders.get(i).compare(a.get(i), b.get(i));
        if (order != 0) {
          return order;
        }
      }
      return 0;
    };
  }

  private static Comparator<String> of(String type) {
    return switch (type) {
      case "int2", "int4", "int8" -> Comparator.comparingLong(Long::parseLong);
      case "numeric" -> Comparator.comparing(BigDecimal::new);
      case "date" -> Comparator.comparing(LocalDate::parse);
      case "timestamp" -> Comparator.comparing(LocalDateTime::parse);
      case "timestamptz" ->
          Comparator.comparing(t -> LocalDateTime.parse(t.substring(0, t.length() - 1)));
      case "text", "varchar", "bpchar" ->
          (a, b) ->
              Arrays.compareUnsigned(
                  a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
      // Their texts order as their values do: false before true, digits of fixed places, hex.
      case "bool", "time", "uuid", "bytea" -> Comparator.naturalOrder();
      default -> throw new IllegalArgumentException("no order is known for keys of type " + type);
    };
  }
}
