package dev.firn.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class TablePatternTest {
  private static final long SEED = 7;

  @Test
  void matchesAsItsPlainReadingSays() {
    TablePattern all = new TablePattern("public.*");
    assertThat(all.matches("public", "orders")).isTrue();
    assertThat(all.matches("public", "a.b\nc")).isTrue();
    assertThat(all.matches("Public", "orders")).isFalse();
    assertThat(all.matches("public2", "orders")).isFalse();
    assertThat(new TablePattern("*.order*s").matches("x", "orders")).isTrue();
    assertThat(new TablePattern("a.b.c").matches("a", "b.c")).isTrue();
    assertThat(new TablePattern("a.b").matches("a", "xb")).isFalse();
    assertThat(new TablePattern("a.[b]").matches("a", "b")).isFalse();
    assertThatThrownBy(() -> new TablePattern("orders"))
        .hasMessage("'orders' is not of the form schema.table");
  }

  @Test
  void matchesExactlyWhatAMatcherThatTriesEverythingMatches() {
    Random random = new Random(SEED);
    int matched = 0;
    for (int i = 0; i < 50_000; i++) {
      String glob = word(random, "ab*", 1 + random.nextInt(6));
      String name = word(random, "ab", random.nextInt(7));
      boolean expected = tryEverything(glob, name);
      matched += expected ? 1 : 0;
      assertThat(new TablePattern("s." + glob).matches("s", name))
          .as("%s against %s", glob, name)
          .isEqualTo(expected);
      assertThat(new TablePattern(glob + ".t").matches(name, "t"))
          .as("%s against %s", glob, name)
          .isEqualTo(expected);
    }
    assertThat(matched).isBetween(5_000, 45_000);
  }

  @Test
  @Timeout(60)
  void aPatternOfManyStarsIsDecided() {
    TablePattern pattern = new TablePattern("s." + "*a".repeat(60) + "b");
    assertThat(pattern.matches("s", "a".repeat(5_000))).isFalse();
  }

  private static boolean tryEverything(String glob, String name) {
    if (glob.isEmpty()) {
      return name.isEmpty();
    }
    if (glob.charAt(0) != '*') {
      return !name.isEmpty()
          && name.charAt(0) == glob.charAt(0)
          && tryEverything(glob.substring(1), name.substring(1));
    }
    for (int skipped = 0; skipped <= name.length(); skipped++) {
      if (tryEverything(glob.substring(1), name.substring(skipped))) {
        return true;
      }
    }
    return false;
  }

  private static String word(Random random, String letters, int length) {
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < length; i++) {
      word.append(letters.charAt(random.nextInt(letters.length())));
    }
    return word.toString();
  }
}
