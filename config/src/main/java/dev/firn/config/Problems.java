package dev.firn.config;

import dev.firn.config.YamlNode.Location;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects the problems of one file. */
final class Problems {
  private final List<Problem> found = new ArrayList<>();

  void add(String path, Location at, String what, String mend) {
    found.add(new Problem(path, at.line(), at.column(), what, mend));
  }

  void add(Problem problem) {
    found.add(problem);
  }

  boolean isEmpty() {
    return found.isEmpty();
  }

  /** The problems in the order of the file. */
  List<Problem> inOrder() {
    return found.stream()
        .sorted(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column))
        .toList();
  }
}
