package dev.firn.config;

import java.util.Objects;

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

  /** Matches in time proportional to the product of the lengths, whatever the pattern. */
  private static boolean part(String glob, String name) {
    int inGlob = 0;
    int inName = 0;
    int lastStar = -1;
    int afterStar = 0;
    while (inName < name.length()) {
      if (inGlob < glob.length() && glob.charAt(inGlob) == '*') {
        lastStar = inGlob++;
        afterStar = inName;
      } else if (inGlob < glob.length() && glob.charAt(inGlob) == name.charAt(inName)) {
        inGlob++;
        inName++;
      } else if (lastStar >= 0) {
        inGlob = lastStar + 1;
        inName = ++afterStar;
      } else {
        return false;
      }
    }
    while (inGlob < glob.length() && glob.charAt(inGlob) == '*') {
      inGlob++;
    }
    return inGlob == glob.length();
  }
}
