package dev.firn.config;

import java.util.Objects;

/**
 * One thing in the config file that must be mended.
 *
 * @param path where it is, as in {@code tables[1].partition-by[0]}; empty for the file as a whole
 * @param line the line in the file, from 1; 0 where there is none
 * @param column the column in that line, from 1; 0 where there is none
 * @param what what is wrong, with the offending value unless it could be a secret
 * @param mend what to do about it
 */
public record Problem(String path, int line, int column, String what, String mend) {
  public Problem {
    Objects.requireNonNull(path, "path");
    Objects.requireNonNull(what, "what");
    Objects.requireNonNull(mend, "mend");
  }

  /** The problem in one line, for a person: {@code 12:5 tables[0].match: what. Mend.} */
  public String text() {
    String place = line > 0 ? line + ":" + column + " " : "";
    return place + (path.isEmpty() ? "" : path + ": ") + what + ". " + mend;
  }
}
