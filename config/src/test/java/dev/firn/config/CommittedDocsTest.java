package dev.firn.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The files under docs that are made from code are those that the code makes. */
class CommittedDocsTest {
  @Test
  void theReadersPageIsMadeFromTheReadersTable() throws IOException {
    upToDate("readers.md", ReadersPage.markdown());
  }

  @Test
  void theJsonSchemaIsMadeFromTheShapesThatTheReaderUses() throws IOException {
    upToDate("firn.schema.json", FirnConfigSchema.json());
  }

  private static void upToDate(String name, String made) throws IOException {
    Path module = Path.of(System.getProperty("basedir", "."));
    Path fresh = Files.createDirectories(module.resolve("target/docs")).resolve(name);
    Files.writeString(fresh, made);
    Path committed = module.resolve("../docs").resolve(name);
    assertThat(Files.exists(committed) ? Files.readString(committed) : "(missing)")
        .as(
            "docs/%s is out of date. From the repository's root: cp config/target/docs/%s docs/%s",
            name, name, name)
        .isEqualTo(made);
  }
}
