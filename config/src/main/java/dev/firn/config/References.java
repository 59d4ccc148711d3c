package dev.firn.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The references within values: {@code ${env:NAME}} and {@code ${file:/path}}, also as parts of a
 * longer text; {@code $${} stands for the two characters themselves. A relative path starts at the
 * config file's folder. One line break at the end of a file is not part of the value.
 */
final class References {
  private static final int FILE_BYTES_MAX = 64 * 1024;

  private final String configFile;
  private final Path folder;
  private final Map<String, String> environment;

  References(String configFile, Path folder, Map<String, String> environment) {
    this.configFile = configFile;
    this.folder = folder;
    this.environment = Map.copyOf(environment);
  }

  /** A piece of a value. */
  private sealed interface Part {
    record Literal(String text) implements Part {}

    record Variable(String name) implements Part {}

    record Contents(Path file) implements Part {}
  }

  /** What one part comes to, or why it comes to nothing. */
  private sealed interface Resolved {
    record Value(String text) implements Resolved {}

    record Missing(String what, String mend) implements Resolved {}
  }

  /** The value with its references replaced; null after a problem. */
  @Nullable String resolve(String written, Place place) {
    List<Part> parts = parts(written, place);
    return parts == null ? null : join(parts, place);
  }

  /** The value as a secret, whose files are read anew at each use; null after a problem. */
  @Nullable Secret secret(String written, Place place) {
    List<Part> parts = parts(written, place);
    if (parts == null) {
      return null;
    }
    String now = join(parts, place);
    if (now == null) {
      return null;
    }
    if (now.isEmpty()) {
      place.problem("the value is empty", "Give it a value");
      return null;
    }
    if (parts.stream().noneMatch(Part.Contents.class::isInstance)) {
      return Secret.of(now);
    }
    return Secret.from(() -> again(parts, place));
  }

  private String again(List<Part> parts, Place place) {
    Problems problems = new Problems();
    Place anew = new Place(problems, this, place.path(), place.at());
    String value = join(parts, anew);
    if (value != null && value.isEmpty()) {
      anew.problem("the value is empty", "Give it a value");
    }
    if (value == null || value.isEmpty()) {
      throw new ConfigException(configFile, problems.inOrder());
    }
    return value;
  }

  private @Nullable String join(List<Part> parts, Place place) {
    StringBuilder text = new StringBuilder();
    boolean complete = true;
    for (Part part : parts) {
      switch (resolve(part)) {
        case Resolved.Value(String value) -> text.append(value);
        case Resolved.Missing(String what, String mend) -> {
          place.problem(what, mend);
          complete = false;
        }
      }
    }
    return complete ? text.toString() : null;
  }

  private Resolved resolve(Part part) {
    return switch (part) {
      case Part.Literal(String text) -> new Resolved.Value(text);
      case Part.Variable(String name) -> {
        String value = environment.get(name);
        yield value == null
            ? new Resolved.Missing(
                "the environment variable " + name + " is not set", "Set it where Firn is started")
            : new Resolved.Value(value);
      }
      case Part.Contents(Path file) -> contents(file);
    };
  }

  private static Resolved contents(Path file) {
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        return new Resolved.Missing(
            "the file " + file + " is larger than " + FILE_BYTES_MAX + " bytes",
            "Name a file that holds the value alone");
      }
      String text = Files.readString(file, StandardCharsets.UTF_8);
      String line = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
      return new Resolved.Value(
          line.length() < text.length() && line.endsWith("\r")
              ? line.substring(0, line.length() - 1)
              : line);
    } catch (NoSuchFileException e) {
      return new Resolved.Missing(
          "the file " + file + " does not exist", "Create it, or correct the path");
    } catch (CharacterCodingException e) {
      return new Resolved.Missing(
          "the file " + file + " is not text in UTF-8", "Save the value as UTF-8");
    } catch (IOException e) {
      return new Resolved.Missing(
          "the file " + file + " cannot be read", "Let the user that runs Firn read it");
    }
  }

  private @Nullable List<Part> parts(String written, Place place) {
    List<Part> parts = new ArrayList<>();
    int done = 0;
    while (true) {
      int start = written.indexOf("${", done);
      if (start < 0) {
        parts.add(new Part.Literal(written.substring(done)));
        return parts;
      }
      if (start > done && written.charAt(start - 1) == '$') {
        parts.add(new Part.Literal(written.substring(done, start - 1) + "${"));
        done = start + 2;
        continue;
      }
      parts.add(new Part.Literal(written.substring(done, start)));
      int end = written.indexOf('}', start);
      Part part = end < 0 ? null : reference(written.substring(start + 2, end));
      if (part == null) {
        place.problem(
            "the value has '${', and no reference follows",
            "References are ${env:NAME} and ${file:/path}; write $${ for the characters"
                + " themselves");
        return null;
      }
      parts.add(part);
      done = end + 1;
    }
  }

  private @Nullable Part reference(String inner) {
    if (inner.matches("env:[A-Za-z_][A-Za-z0-9_]*")) {
      return new Part.Variable(inner.substring("env:".length()));
    }
    if (inner.startsWith("file:") && inner.length() > "file:".length() && inner.indexOf('\0') < 0) {
      return new Part.Contents(folder.resolve(inner.substring("file:".length())));
    }
    return null;
  }
}
