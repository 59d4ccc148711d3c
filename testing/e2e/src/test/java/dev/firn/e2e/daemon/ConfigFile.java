package dev.firn.e2e.daemon;

import dev.firn.e2e.reader.ReplicaCatalog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A config file as a user writes it.
 *
 * @param sourceUrl the source, without the password
 * @param sourcePassword the password
 * @param catalog where the replica is
 * @param readers the engines that read it, which choose the format
 * @param checkpoint the time between checkpoints, in the config's own words
 * @param tables the entries under {@code tables}: patterns and, after them, indented refinements
 * @param httpPort where health is served, on loopback
 */
public record ConfigFile(
    String sourceUrl,
    String sourcePassword,
    ReplicaCatalog catalog,
    List<String> readers,
    String checkpoint,
    List<String> tables,
    int httpPort) {
  /** Readers that format 3 serves. */
  public static final List<String> FORMAT_3 = List.of("spark", "trino");

  /** Readers that only format 2 serves. */
  public static final List<String> FORMAT_2 = List.of("spark", "trino", "starrocks");

  public ConfigFile {
    readers = List.copyOf(readers);
    tables = List.copyOf(tables);
  }

  /** Writes the file into a folder. */
  public Path write(Path folder) throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("source:");
    lines.add("  type: postgres");
    lines.add("  url: " + quoted(sourceUrl));
    lines.add("  password: " + quoted(sourcePassword));
    lines.add("catalog:");
    lines.add("  type: " + catalog.type());
    lines.add("  name: " + quoted(catalog.name()));
    lines.add("  uri: " + quoted(catalog.uri()));
    lines.add("  warehouse: " + quoted(catalog.warehouse()));
    lines.add("  properties:");
    if (!catalog.user().isEmpty()) {
      lines.add("    jdbc.user: " + quoted(catalog.user()));
      lines.add("    jdbc.password: " + quoted(catalog.password()));
    }
    catalog
        .fileIoProperties()
        .forEach((key, value) -> lines.add("    " + key + ": " + quoted(value)));
    lines.add("replicate:");
    lines.add("  readers: [" + String.join(", ", readers) + "]");
    lines.add("  checkpoint: { every: " + checkpoint + " }");
    lines.add("tables:");
    lines.add(matches(tables));
    lines.add("http:");
    lines.add(String.format(Locale.ROOT, "  port: %d", httpPort));
    return Files.write(folder.resolve("firn.yaml"), lines);
  }

  /** The lines of these entries under {@code tables}. */
  static String matches(List<String> entries) {
    return entries.stream()
        .map(entry -> "  - match: " + entry.replace("\n", "\n    "))
        .collect(Collectors.joining("\n"));
  }

  private static String quoted(String value) {
    return "'" + value.replace("'", "''") + "'";
  }
}
