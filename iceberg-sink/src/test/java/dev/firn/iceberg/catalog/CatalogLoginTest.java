package dev.firn.iceberg.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.FirnException.Kind;
import dev.firn.config.CatalogConfig;
import dev.firn.config.Secret;
import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.TestAuthority;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A catalog on a PostgreSQL server that speaks TLS alone, its certificate for {@code localhost}.
 */
final class CatalogLoginTest {
  @TempDir private static Path folder;
  private static EmbeddedPostgres server;
  private static TestAuthority ours;
  private static TestAuthority another;

  @BeforeAll
  static void start() throws Exception {
    ours = new TestAuthority(folder.resolve("ours"), "localhost");
    another = new TestAuthority(folder.resolve("another"), "localhost");
    server = EmbeddedPostgres.start();
    server.makeRoleWithPassword("guarded", "right");
    server.speakTlsAlone(ours);
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  private static CatalogConfig config(String host, String rest, Map<String, String> properties) {
    Map<String, Secret> secrets = new HashMap<>();
    secrets.put("jdbc.user", Secret.of("postgres"));
    secrets.put("jdbc.password", Secret.of("postgres"));
    properties.forEach((name, value) -> secrets.put(name, Secret.of(value)));
    return new CatalogConfig(
        CatalogConfig.Type.JDBC,
        "",
        "firn",
        "jdbc:postgresql://" + host + ":" + server.port() + rest,
        "s3://lake/r",
        secrets);
  }

  private static void assertRefused(CatalogConfig config, String why, String mend) {
    assertThatThrownBy(() -> ReplicaCatalog.open(config))
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(Kind.REPLICA_UNREACHABLE);
              assertThat(e.mend()).contains(mend);
            })
        .hasMessageStartingWith("opening catalog jdbc:postgresql://")
        .hasMessageContaining(why)
        .hasMessageNotContaining("\n");
  }

  @Test
  void aServerThatProvesItsNameIsTaken() {
    ReplicaCatalog.open(config("localhost", "/postgres?sslrootcert=" + ours.authority(), Map.of()))
        .close();
  }

  @Test
  void aNamedCaIsCheckedOnLoopbackToo() {
    String signed = "its certificate is not signed by the CA in " + another.authority();
    String mend = "sslrootcert=FILE in catalog.uri";
    assertRefused(
        config("localhost", "/postgres?sslrootcert=" + another.authority(), Map.of()),
        signed,
        mend);
    assertRefused(
        config(
            "localhost", "/postgres", Map.of("jdbc.sslrootcert", another.authority().toString())),
        signed,
        mend);
    assertRefused(
        config("localhost", "/postgres?sslrootcert=/nowhere/ca.pem", Map.of()),
        "the CA file /nowhere/ca.pem, which sslrootcert names, does not exist",
        "as sslrootcert in catalog.uri");
    assertRefused(
        config("127.0.0.1", "/postgres?sslrootcert=" + ours.authority(), Map.of()),
        "its certificate does not name the host 127.0.0.1",
        "another CA does not help");
  }

  @Test
  void anExplicitModeWins() {
    ReplicaCatalog.open(
            config(
                "localhost",
                "/postgres?sslmode=require&sslrootcert=" + another.authority(),
                Map.of()))
        .close();
  }

  /** An address of this machine in a form that the rule does not take for one: as a remote one. */
  @Test
  void aServerByANameThatIsNotLoopbacksMustProveItself() {
    assertRefused(
        config("127.1", "/postgres", Map.of()),
        "with sslmode verify-full it must prove who it is, and no CA is named",
        "sslrootcert=FILE in catalog.uri");
  }

  @Test
  void aLoginThatPgHbaRefusesAndAWrongPasswordReadAsTheSourcesDo() {
    assertRefused(
        config("localhost", "/postgres?sslmode=disable", Map.of()),
        "/postgres refused the login: FATAL: pg_hba.conf rejects connection",
        "check catalog.properties jdbc.user and jdbc.password and the user in catalog.uri, and"
            + " pg_hba.conf on the server");
    assertRefused(
        config("127.0.0.1", "/postgres", Map.of("jdbc.user", "guarded", "jdbc.password", "wrong")),
        "/postgres refused the login: FATAL: password authentication failed",
        "pg_hba.conf on the server");
    assertRefused(
        config("localhost", "/nowhere", Map.of()),
        "/nowhere has no database nowhere",
        "create the database, or correct its name in catalog.uri");
  }
}
