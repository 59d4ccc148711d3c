package dev.firn.e2e.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.EvaluationResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The arrows between the modules, and the habits that all classes keep. */
final class ArchitectureTest {
  private static final Path ROOT = Path.of("..", "..");

  /** The classes of the modules at the top level: not the tests, nor what serves them. */
  private static final JavaClasses FIRN =
      new ClassFileImporter()
          .importPaths(
              modules().stream().map(m -> m.resolve(Path.of("target", "classes"))).toList());

  @ParameterizedTest
  @EnumSource
  void holds(Arrow arrow) {
    EvaluationResult result = arrow.rule().evaluate(FIRN);

    assertThat(result.getFailureReport().getDetails()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void isSeenWhereBroken(Arrow arrow) {
    JavaClasses breaches = new ClassFileImporter().importClasses(arrow.breaches());

    String report = arrow.rule().evaluate(breaches).getFailureReport().toString();

    assertThat(arrow.breaches()).allSatisfy(b -> assertThat(report).contains(b.getName()));
  }

  /** A class that is not imported breaks no rule: so every source file's class must be there. */
  @Test
  void everyModuleIsLookedAt() throws IOException {
    Set<String> sources = new TreeSet<>();
    for (Path module : modules()) {
      Path folder = module.resolve(Path.of("src", "main", "java"));
      if (Files.isDirectory(folder)) {
        try (Stream<Path> files = Files.walk(folder)) {
          files
              .filter(file -> file.toString().endsWith(".java"))
              .map(file -> folder.relativize(file).toString())
              .map(file -> file.substring(0, file.length() - ".java".length()).replace('/', '.'))
              .forEach(sources::add);
        }
      }
    }

    assertThat(FIRN.stream().map(JavaClass::getName).collect(Collectors.toSet()))
        .containsAll(sources.stream().filter(name -> !name.endsWith("package-info")).toList());
    assertThat(sources).anySatisfy(name -> assertThat(name).startsWith("dev.firn.change."));
  }

  private static Set<Path> modules() {
    try (Stream<Path> folders = Files.list(ROOT)) {
      return folders
          .filter(folder -> Files.exists(folder.resolve("pom.xml")))
          .collect(Collectors.toSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
