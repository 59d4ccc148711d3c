package dev.firn.daemon.print;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class UserCommandTest {
  private final UserCommand launcher = new UserCommand("./firn", Path.of("conf/firn.yaml"));

  @Test
  void commandsAreWrittenAsTheUserTypesThem() {
    assertThat(launcher.in("run what 'firn setup --print' prints, then 'firn setup'."))
        .isEqualTo(
            "run what './firn setup -c conf/firn.yaml --print' prints, then './firn setup -c"
                + " conf/firn.yaml'.");
    assertThat(new UserCommand("firn", Path.of("a b.yaml")).in("firn doctor"))
        .isEqualTo("firn doctor -c \"a b.yaml\"");
  }

  @Test
  void otherWordsStayAsTheyAre() {
    String text = "drop the slot firn, table firn.firn_replica and ./firn setup; firn demo";
    assertThat(launcher.in(text)).isEqualTo(text);
  }
}
