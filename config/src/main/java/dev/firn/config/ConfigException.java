package dev.firn.config;

import java.util.List;

/** The config file cannot be used. It names every problem at once and never a secret. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String file;
  private final transient List<Problem> problems;

  ConfigException(String file, List<Problem> problems) {
    super(message(file, problems));
    this.file = file;
    this.problems = List.copyOf(problems);
  }

  private static String message(String file, List<Problem> problems) {
    StringBuilder text = new StringBuilder(file);
    text.append(
        problems.size() == 1 ? " has a problem:" : " has " + problems.size() + " problems:");
    for (Problem problem : problems) {
      text.append("\n  ").append(problem.text());
    }
    return text.toString();
  }

  /** The file, as it was named. */
  public String file() {
    return file;
  }

  /** The problems in the order of the file; at least one. */
  public List<Problem> problems() {
    return problems;
  }
}
