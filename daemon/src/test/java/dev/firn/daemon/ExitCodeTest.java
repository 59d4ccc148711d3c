package dev.firn.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.fault.FirnException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class ExitCodeTest {
  @Test
  void everyCodeIsItsOwn() {
    assertThat(Arrays.stream(ExitCode.values()).map(ExitCode::code)).doesNotHaveDuplicates();
  }

  @Test
  void everyKindOfFailureHasACodeOfItsOwnAndNoneIsSuccess() {
    List<ExitCode> codes =
        Arrays.stream(FirnException.Kind.values()).map(ExitCode::of).distinct().toList();
    assertThat(codes).hasSameSizeAs(FirnException.Kind.values()).doesNotContain(ExitCode.DONE);
  }

  @Test
  void thePageHoldsThisTable() throws Exception {
    String page = Files.readString(Path.of("../docs/exit-codes.md"));
    List<String> rows = page.lines().filter(line -> line.matches("\\| \\d+ .*")).toList();
    assertThat(rows)
        .containsExactlyElementsOf(
            Arrays.stream(ExitCode.values())
                .map(code ->
                    "| "
                        + code.code()
                        + " | `"
                        + code.name().toLowerCase(Locale.ROOT).replace('_', '-')
                        + "` | "
                        + code.meaning()
                        + " |")
                .toList());
  }
}
