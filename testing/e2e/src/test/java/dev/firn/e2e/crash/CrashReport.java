package dev.firn.e2e.crash;

import dev.firn.change.fault.Failpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a run of blows hit. */
final class CrashReport {
  private final long seed;
  private final Map<Failpoint, Integer> hits = new EnumMap<>(Failpoint.class);
  private final Map<Failpoint, Integer> missed = new EnumMap<>(Failpoint.class);
  private final List<String> blows = new ArrayList<>();
  private int atAnyMoment;

  CrashReport(long seed) {
    this.seed = seed;
  }

  void add(Blow blow, boolean reached) {
    blow.at()
        .ifPresentOrElse(
            failpoint -> (reached ? hits : missed).merge(failpoint, 1, Integer::sum),
            () -> atAnyMoment++);
    blows.add(blow + (blow.at().isEmpty() || reached ? "" : " (not reached)"));
  }

  Set<Failpoint> neverHit() {
    Set<Failpoint> never = EnumSet.allOf(Failpoint.class);
    never.removeAll(hits.keySet());
    return never;
  }

  int kills() {
    return blows.size();
  }

  /** Writes it, with what the comparison at the end found. */
  void write(Path file, List<String> differences) throws IOException {
    StringBuilder text =
        new StringBuilder("# Crash suite\n\nSeed ")
            .append(seed)
            .append(", ")
            .append(kills())
            .append(" kills, of which ")
            .append(atAnyMoment)
            .append(" at any moment. At the end: ")
            .append(differences.isEmpty() ? "every table equal" : differences.toString())
            .append(".\n\n| failpoint | hits | not reached |\n|---|---|---|\n");
    for (Failpoint failpoint : Failpoint.values()) {
      text.append("| ")
          .append(failpoint)
          .append(" | ")
          .append(hits.getOrDefault(failpoint, 0))
          .append(" | ")
          .append(missed.getOrDefault(failpoint, 0))
          .append(" |\n");
    }
    text.append("\nIn order: ").append(String.join("; ", blows)).append(".\n");
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, text);
  }
}
