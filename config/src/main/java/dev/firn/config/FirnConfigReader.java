package dev.firn.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/**
 * Reads the config file. Every problem of a file is found before any is reported, and none of the
 * messages holds a secret.
 *
 * <p>Values may refer to the environment and to files: {@code ${env:NAME}}, {@code
 * ${file:/run/secrets/pg}}; {@code $${} is the two characters themselves.
 */
public final class FirnConfigReader {
  private static final int BYTES_MAX = 1 << 20;

  private final Map<String, String> environment;

  /**
   * A reader.
   *
   * @param environment what {@code ${env:NAME}} refers to: {@code System.getenv()}
   */
  public FirnConfigReader(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  /**
   * Reads a file.
   *
   * @throws ConfigException with all the problems, when there is any
   */
  public FirnConfig read(Path file) {
    Objects.requireNonNull(file, "file");
    Problems problems = new Problems();
    String text = text(file, problems);
    if (!problems.isEmpty()) {
      throw new ConfigException(file.toString(), problems.inOrder());
    }
    YamlNode root = YamlFile.parse(text, problems);
    FirnConfig config = null;
    if (root != null) {
      Path folder = Objects.requireNonNullElse(file.toAbsolutePath().getParent(), file);
      References references = new References(file.toString(), folder, environment);
      config = FirnConfigShape.ROOT.read(root, new Place(problems, references, "", root.at()));
    }
    if (config == null || !problems.isEmpty()) {
      throw new ConfigException(file.toString(), problems.inOrder());
    }
    return config;
  }

  private static String text(Path file, Problems problems) {
    try {
      if (Files.isDirectory(file)) {
        absent(problems, "this is a folder", "Name the file in it");
        return "";
      }
      if (Files.size(file) > BYTES_MAX) {
        absent(problems, "the file is larger than 1 MiB", "Name a config file");
        return "";
      }
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
          .toString();
    } catch (NoSuchFileException e) {
      absent(problems, "the file does not exist", "Create it, or name another with -c");
    } catch (CharacterCodingException e) {
      absent(problems, "the file is not text in UTF-8", "Save it as UTF-8");
    } catch (IOException e) {
      absent(problems, "the file cannot be read", "Let the user that runs Firn read it");
    }
    return "";
  }

  private static void absent(Problems problems, String what, String mend) {
    problems.add("", YamlNode.Location.NONE, what, mend);
  }
}
