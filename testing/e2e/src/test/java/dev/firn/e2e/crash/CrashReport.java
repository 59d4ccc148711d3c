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
import org.jspecify.annotations.Nullable;

/** What a run of blows hit, and what came of it. */
final class CrashReport {
  private final long seed;
  private final Map<Failpoint, Integer> hits = new EnumMap<>(Failpoint.class);
  private final Map<Failpoint, Integer> missed = new EnumMap<>(Failpoint.class);
  private final Map<Failpoint, Integer> recovered = new EnumMap<>(Failpoint.class);
  private final List<String> blows = new ArrayList<>();
  private @Nullable Failpoint lastHit;
  private int atAnyMoment;
  private String end = "the run was not ended";

  CrashReport(long seed) {
    this.seed = seed;
  }

  /** The daemon was struck, and had not ended by itself before. */
  void add(Blow blow, boolean reached) {
    recovered();
    blow.at()
        .ifPresentOrElse(
            failpoint -> (reached ? hits : missed).merge(failpoint, 1, Integer::sum),
            () -> atAnyMoment++);
    lastHit = reached ? blow.at().orElse(null) : null;
    blows.add(blow + (blow.at().isEmpty() || reached ? "" : " (not reached)"));
  }

  /** The daemon goes on after the last blow. */
  void recovered() {
    if (lastHit != null) {
      recovered.merge(lastHit, 1, Integer::sum);
      lastHit = null;
    }
  }

  /** How it all ended. */
  void end(String how) {
    end = how;
  }

  Set<Failpoint> neverHit() {
    Set<Failpoint> never = EnumSet.allOf(Failpoint.class);
    never.removeAll(hits.keySet());
    return never;
  }

  int kills() {
    return blows.size();
  }

  void write(Path file) throws IOException {
    StringBuilder text =
        new StringBuilder("# Crash suite\n\nSeed ")
            .append(seed)
            .append(", ")
            .append(kills())
            .append(" kills, of which ")
            .append(atAnyMoment)
            .append(" at any moment. At the end: ")
            .append(end)
            .append(".\n\n| failpoint | hits | recovered | not reached |\n|---|---|---|---|\n");
    for (Failpoint failpoint : Failpoint.values()) {
      text.append("| ").append(failpoint);
      for (Map<Failpoint, Integer> count : List.of(hits, recovered, missed)) {
        text.append(" | ").append(count.getOrDefault(failpoint, 0));
      }
      text.append(" |\n");
    }
    text.append("\nIn order: ").append(String.join("; ", blows)).append(".\n");
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, text);
  }
}
