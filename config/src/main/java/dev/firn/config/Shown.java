package dev.firn.config;

import java.util.regex.Pattern;

/** Values of the file as messages show them: short, on one line, without what may be a password. */
final class Shown {
  private static final int LENGTH_MAX = 100;
  private static final Pattern USER_PASSWORD = Pattern.compile("(://[^:]*):.*@", Pattern.DOTALL);
  private static final Pattern PASSWORD_PARAMETER =
      Pattern.compile(
          "([A-Za-z_.-]*(?:pass|pwd|secret|token|credential|key)[A-Za-z_.-]*)=[^&;]*",
          Pattern.CASE_INSENSITIVE);

  private Shown() {}

  /** The value in quotes. */
  static String quoted(String value) {
    String text = USER_PASSWORD.matcher(value).replaceAll("$1:***@");
    text = PASSWORD_PARAMETER.matcher(text).replaceAll("$1=***");
    text =
        text.codePoints()
            .limit(LENGTH_MAX + 1L)
            .collect(
                StringBuilder::new,
                (out, c) -> out.appendCodePoint(Character.isISOControl(c) ? ' ' : c),
                StringBuilder::append)
            .toString();
    if (text.codePointCount(0, text.length()) > LENGTH_MAX) {
      text = text.substring(0, text.offsetByCodePoints(0, LENGTH_MAX)) + "…";
    }
    return "'" + text + "'";
  }
}
