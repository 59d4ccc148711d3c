package dev.firn.config;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Which tables a rule speaks of: {@code schema.table}, each part with {@code *} for any run of
 * characters. Case counts.
 */
public record TablePattern(String text) {
  public TablePattern {
    Objects.requireNonNull(text, "text");
    if (text.indexOf('.') < 1 || text.indexOf('.') == text.length() - 1) {
      throw new IllegalArgumentException("'" + text + "' is not of the form schema.table");
    }
  }

  /** Whether the pattern matches a table. */
  public boolean matches(String schema, String table) {
    int dot = text.indexOf('.');
    return part(text.substring(0, dot), schema) && part(text.substring(dot + 1), table);
  }

  private static boolean part(String glob, String name) {
    String[] literals = glob.split("\\*", -1);
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < literals.length; i++) {
      regex.append(i == 0 ? "" : ".*").append(Pattern.quote(literals[i]));
    }
    return name.matches(regex.toString());
  }
}
