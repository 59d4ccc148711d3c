package dev.firn.daemon.print;

import java.nio.file.Path;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How the user calls Firn, so that mends name commands that can be typed as they stand.
 *
 * @param program what starts Firn, as the user typed it
 * @param config the config file in use
 */
public record UserCommand(String program, Path config) {
  /** The environment variable in which the launcher says how it was called. */
  public static final String VARIABLE = "FIRN_COMMAND";

  private static final Pattern COMMAND =
      Pattern.compile("(?<![./\\w])firn (run|plan|doctor|setup|status)\\b");

  public UserCommand {
    Objects.requireNonNull(program, "program");
    Objects.requireNonNull(config, "config");
  }

  /** A mend, the commands that it names written out: {@code ./firn setup -c firn.yaml}. */
  public String in(String mend) {
    return COMMAND
        .matcher(mend)
        .replaceAll(found ->
            Matcher.quoteReplacement(word(program) + " " + found.group(1) + " -c ")
                + Matcher.quoteReplacement(word(config.toString())));
  }

  private static String word(String text) {
    return text.chars().anyMatch(Character::isWhitespace) ? "\"" + text + "\"" : text;
  }
}
