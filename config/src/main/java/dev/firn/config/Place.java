package dev.firn.config;

import dev.firn.config.YamlNode.Location;
import java.util.regex.Pattern;

/** Where in the file a value is being read, and who hears of problems there. */
record Place(Problems problems, References references, String path, Location at) {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_-]+");

  /** The place of a key's value; {@code at} is where the problem would be shown. */
  Place key(String key, Location at) {
    if (!PLAIN.matcher(key).matches()) {
      return new Place(problems, references, path + "[" + Shown.quoted(key) + "]", at);
    }
    return new Place(problems, references, path.isEmpty() ? key : path + "." + key, at);
  }

  /** The place of an entry of a list. */
  Place item(int index, Location at) {
    return new Place(problems, references, path + "[" + index + "]", at);
  }

  void problem(String what, String mend) {
    problems.add(path, at, what, mend);
  }
}
