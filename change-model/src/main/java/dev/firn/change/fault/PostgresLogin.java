package dev.firn.change.fault;

import dev.firn.change.fault.FirnException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateNotYetValidException;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Optional;

/**
 * A login at a PostgreSQL server, to say of one that failed why it did. Source and catalog share
 * it, so that the same mistake reads the same.
 *
 * @param kind what its failures are
 * @param subject the server and database as messages name them
 * @param who {@code user name}; the empty string where messages are not to name the user
 * @param host the name or address by which the server is reached
 * @param database the database's name
 * @param tls how the server must prove who it is
 * @param urlKey the config's key that names the server
 * @param passwordKey the config's key that holds the password
 */
public record PostgresLogin(
    Kind kind,
    String subject,
    String who,
    String host,
    String database,
    Tls tls,
    String urlKey,
    String passwordKey) {

  /**
   * How a server must prove who it is.
   *
   * @param mode the driver's {@code sslmode}; the empty string for its own choice
   * @param rootCert the file of the CA that must have signed the server's certificate, if named
   */
  public record Tls(String mode, Optional<String> rootCert) {
    public Tls {
      Objects.requireNonNull(mode, "mode");
      Objects.requireNonNull(rootCert, "rootCert");
    }

    private boolean verifies() {
      return mode.startsWith("verify");
    }
  }

  private record Refusal(String why, String mend) {}

  public PostgresLogin {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(subject, "subject");
    Objects.requireNonNull(who, "who");
    Objects.requireNonNull(host, "host");
    Objects.requireNonNull(database, "database");
    Objects.requireNonNull(tls, "tls");
    Objects.requireNonNull(urlKey, "urlKey");
    Objects.requireNonNull(passwordKey, "passwordKey");
  }

  /** What to throw where the driver gave no connection. */
  public FirnException refused(SQLException cause) {
    String state = cause.getSQLState() == null ? "" : cause.getSQLState();
    return switch (state) {
      case "28P01", "28000" ->
          failure(
              subject + " refused the login" + after(" of ") + ": " + Told.by(cause),
              "check "
                  + passwordKey
                  + " and the user in "
                  + urlKey
                  + ", and pg_hba.conf on the server",
              cause);
      case "3D000" ->
          failure(
              subject
                  + " has no database "
                  + database
                  + (who.isEmpty() ? "" : " (login as " + who + ")"),
              "create the database, or correct its name in " + urlKey,
              cause);
      case "08004" ->
          failure(
              subject + " does not take the connection" + after(" of ") + ": " + Told.by(cause),
              Told.by(cause).contains("SSL")
                  ? "turn ssl on at the server; or add ?sslmode=disable to "
                      + urlKey
                      + ", where nobody else reads the network between (without sslmode only"
                      + " loopback may do without TLS)"
                  : "check " + passwordKey + ", and pg_hba.conf on the server",
              cause);
      default -> {
        Refusal refusal =
            certificate(cause)
                .orElseGet(() ->
                    new Refusal(
                        Told.byTheNetwork(cause).orElseGet(() -> Told.by(cause)),
                        "see that the server is up and that host and port in "
                            + urlKey
                            + " are right"));
        yield failure(
            subject + " cannot be reached" + after(" as ") + ": " + refusal.why(),
            refusal.mend(),
            cause);
      }
    };
  }

  private String after(String word) {
    return who.isEmpty() ? "" : word + who;
  }

  private FirnException failure(String what, String mend, SQLException cause) {
    return new FirnException(kind, what, mend, cause);
  }

  /** What is wrong with the server's certificate, or with what it is checked against. */
  private Optional<Refusal> certificate(SQLException cause) {
    if (!tls.verifies() || Told.byTheNetwork(cause).isPresent()) {
      return Optional.empty();
    }
    String told = Told.by(cause);
    if (tls.rootCert().isEmpty() && told.contains("root.crt")) {
      return Optional.of(
          new Refusal(
              "with sslmode " + tls.mode() + " it must prove who it is, and no CA is named",
              "name the CA that signed its certificate: sslrootcert=FILE in "
                  + urlKey
                  + " (managed services publish theirs); or write sslmode=disable there, where"
                  + " nobody else reads the network between"));
    }
    Optional<String> unfit = tls.rootCert().flatMap(PostgresLogin::unfit);
    if (unfit.isPresent()) {
      return Optional.of(
          new Refusal(
              "the CA file "
                  + tls.rootCert().orElseThrow()
                  + ", which sslrootcert names, "
                  + unfit.get(),
              "name a PEM file that Firn can read as sslrootcert in "
                  + urlKey
                  + "; where Firn runs in a container, one within it"));
    }
    boolean refused = false;
    for (Throwable t = cause; t != null; t = t.getCause()) {
      if (t instanceof CertificateExpiredException
          || t instanceof CertificateNotYetValidException) {
        return Optional.of(
            new Refusal(
                "its certificate, or its CA's, is not valid today",
                "renew the certificate at the server"));
      }
      refused |=
          t instanceof CertificateException
              || t instanceof CertPathBuilderException
              || t instanceof CertPathValidatorException;
    }
    if (refused) {
      return Optional.of(
          new Refusal(
              "its certificate is not signed by the CA"
                  + tls.rootCert().map(file -> " in " + file).orElse(" that Firn trusts"),
              "name the CA that signed it: sslrootcert=FILE in "
                  + urlKey
                  + " (managed services publish theirs)"));
    }
    // The driver translates its text, but not the name of the class in it.
    if (told.contains("HostnameVerifier")) {
      return Optional.of(
          new Refusal(
              "its certificate does not name the host " + host,
              "write as host in "
                  + urlKey
                  + " a name that the certificate names, or have it made out to "
                  + host
                  + " too; another CA does not help"));
    }
    return Optional.empty();
  }

  /** Why no CA can be read from a file; empty where one can. */
  private static Optional<String> unfit(String name) {
    try {
      Path file = Path.of(name);
      if (!Files.exists(file)) {
        return Optional.of("does not exist");
      }
      if (Files.isDirectory(file)) {
        return Optional.of("is a folder");
      }
      try (InputStream in = Files.newInputStream(file)) {
        return CertificateFactory.getInstance("X.509").generateCertificates(in).isEmpty()
            ? Optional.of("holds no certificate in PEM")
            : Optional.empty();
      }
    } catch (InvalidPathException e) {
      return Optional.of("does not exist");
    } catch (IOException e) {
      return Optional.of("cannot be read");
    } catch (CertificateException e) {
      return Optional.of("holds no certificate in PEM");
    }
  }
}
