package dev.firn.daemon.print;

import java.util.ArrayList;
import java.util.List;

/**
 * A table of text in aligned columns, two spaces apart. Columns of numbers are set to the right.
 */
public final class TextTable {
  private final boolean[] right;
  private final List<List<String>> rows = new ArrayList<>();

  /** A table with a head; a column whose head begins with {@code >} is set to the right. */
  public TextTable(String... heads) {
    right = new boolean[heads.length];
    List<String> head = new ArrayList<>();
    for (int i = 0; i < heads.length; i++) {
      right[i] = heads[i].startsWith(">");
      head.add(right[i] ? heads[i].substring(1) : heads[i]);
    }
    rows.add(head);
  }

  /** Adds a row; one cell for each column. */
  public TextTable row(String... cells) {
    if (cells.length != right.length) {
      throw new IllegalArgumentException(cells.length + " cells for " + right.length + " columns");
    }
    rows.add(List.of(cells));
    return this;
  }

  /** The lines, each indented and without spaces at its end. */
  public List<String> lines(String indent) {
    int[] widths = new int[right.length];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder(indent);
      for (int i = 0; i < widths.length; i++) {
        String pad = " ".repeat(widths[i] - row.get(i).length());
        line.append(i == 0 ? "" : "  ");
        line.append(right[i] ? pad + row.get(i) : row.get(i) + pad);
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }
}
