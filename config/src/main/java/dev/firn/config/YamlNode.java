package dev.firn.config;

import java.util.List;

/** A value of a YAML file with the place where it stands. */
sealed interface YamlNode {
  /** Where the value starts. */
  Location at();

  /** A place in the file; line and column count from 1. */
  record Location(int line, int column) {
    static final Location NONE = new Location(0, 0);
  }

  /** A mapping, its keys in the order of the file, each once. */
  record Mapping(Location at, List<Entry> entries) implements YamlNode {}

  /** A key of a mapping, where the key stands, and its value. */
  record Entry(String key, Location at, YamlNode value) {}

  /** A list. */
  record Sequence(Location at, List<YamlNode> items) implements YamlNode {}

  /** A text, number or boolean, as it is written. */
  record Scalar(Location at, String text) implements YamlNode {
    @Override
    public String toString() {
      return "Scalar[" + at + "]";
    }
  }

  /** Nothing, or null. */
  record Empty(Location at) implements YamlNode {}
}
