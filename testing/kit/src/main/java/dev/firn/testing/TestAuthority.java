package dev.firn.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A certificate authority of a test's own, which signs one server's certificate. */
public final class TestAuthority {
  private static final String PASSWORD = "changeit";
  private static final long LIMIT_SECONDS = 60;

  private final Path folder;
  private final Path keys;

  /**
   * Makes both.
   *
   * @param folder holds the files; made
   * @param host the one name that the server's certificate is for
   */
  public TestAuthority(Path folder, String host)
      throws IOException, GeneralSecurityException, InterruptedException {
    this.folder = Files.createDirectory(folder);
    this.keys = folder.resolve("keys.p12");
    keytool("-genkeypair", "-alias", "ca", "-dname", "CN=Test CA", "-ext", "bc:critical=ca:true");
    keytool(
        "-genkeypair",
        "-alias",
        "server",
        "-dname",
        "CN=" + host,
        "-ext",
        "san=dns:" + host,
        "-signer",
        "ca");
    write("ca.pem", "CERTIFICATE", store().getCertificate("ca").getEncoded());
    write("server.pem", "CERTIFICATE", store().getCertificate("server").getEncoded());
    write(
        "server.key", "PRIVATE KEY", store().getKey("server", PASSWORD.toCharArray()).getEncoded());
  }

  /** The authority's certificate, what a client trusts. */
  public Path authority() {
    return folder.resolve("ca.pem");
  }

  /** The server's certificate. */
  public Path certificate() {
    return folder.resolve("server.pem");
  }

  /** The server's private key, readable by its owner alone. */
  public Path key() {
    return folder.resolve("server.key");
  }

  private void keytool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-keyalg", "EC", "-storetype", "PKCS12", "-storepass", PASSWORD));
    command.addAll(List.of("-keystore", keys.toString()));
    Path told = folder.resolve("keytool.log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(told.toFile()).start();
    if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException("keytool did not end within " + LIMIT_SECONDS + " s");
    }
    if (process.exitValue() != 0) {
      throw new IOException("keytool failed: " + Files.readString(told));
    }
  }

  private KeyStore store() throws IOException, GeneralSecurityException {
    return KeyStore.getInstance(keys.toFile(), PASSWORD.toCharArray());
  }

  private void write(String name, String what, byte[] der) throws IOException {
    Path file =
        Files.createFile(
            folder.resolve(name),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(
        file,
        "-----BEGIN "
            + what
            + "-----\n"
            + Base64.getMimeEncoder().encodeToString(der)
            + "\n-----END "
            + what
            + "-----\n");
  }
}
