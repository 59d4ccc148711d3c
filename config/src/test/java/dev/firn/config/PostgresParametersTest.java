package dev.firn.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How a JDBC catalog's server must prove who it is: as the source's. */
class PostgresParametersTest {
  private static String sslMode(String url, Map<String, String> further) {
    return PostgresParameters.ofJdbc(url, further).get("sslmode");
  }

  @Test
  void aRemoteCatalogIsProvenAndOneOnThisMachineMayBePlain() {
    for (String remote :
        List.of(
            "//db/c",
            "//db:5432/c",
            "//db:5432/",
            "//localhost.example/c",
            "//[2001:db8::7]:5432/c",
            "//[2001:db8::7]/c",
            "//localhost,db/c",
            "//127.0.0.1:1,db:2/c",
            "c?service=remote")) {
      assertThat(sslMode("jdbc:postgresql:" + remote, Map.of()))
          .as(remote)
          .isEqualTo("verify-full");
    }
    for (String local :
        List.of(
            "c",
            "///c",
            "//:5433/c",
            "//localhost/c",
            "//127.0.0.1:5433/c",
            "//[::1]:5433/c",
            "//[::1]/c",
            "//localhost,127.0.0.1:2/c")) {
      assertThat(sslMode("jdbc:postgresql:" + local, Map.of())).as(local).isEqualTo("prefer");
    }
    assertThat(sslMode("jdbc:postgresql:c", Map.of("PGHOST", "db"))).isEqualTo("verify-full");
  }

  @Test
  void aNamedCaMeansThatTheServerIsProvenAndAnExplicitModeWins() {
    assertThat(sslMode("jdbc:postgresql://localhost/c?sslrootcert=/ca.pem", Map.of()))
        .isEqualTo("verify-full");
    assertThat(sslMode("jdbc:postgresql://localhost/c", Map.of("sslrootcert", "/ca.pem")))
        .isEqualTo("verify-full");
    assertThat(sslMode("jdbc:postgresql://db/c?sslmode=disable", Map.of())).isEqualTo("disable");
    assertThat(sslMode("jdbc:postgresql://db/c", Map.of("sslmode", "require")))
        .isEqualTo("require");
    assertThat(sslMode("jdbc:postgresql://db/c?sslmode=disable", Map.of("sslmode", "require")))
        .as("the URL goes before, as in the driver")
        .isEqualTo("disable");
  }
}
