package dev.firn.iceberg.catalog;

import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.FirnException.Kind;
import dev.firn.change.fault.PostgresLogin;
import dev.firn.change.fault.Told;
import dev.firn.config.CatalogConfig;
import dev.firn.config.PostgresParameters;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.iceberg.aws.s3.S3FileIOProperties;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.ForbiddenException;
import org.apache.iceberg.exceptions.NotAuthorizedException;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.exceptions.RESTException;
import org.apache.iceberg.jdbc.UncheckedSQLException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.NoSuchBucketException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** Says of an exception from Iceberg what is wrong with the catalog or the bucket. */
public final class ReplicaFailures {
  private static final String CLASS_PATH =
      "FIRN_CLASSPATH (in the image: put it into /opt/firn/ext)";
  private static final Pattern SDK_NOTES =
      Pattern.compile(" ?\\((SDK Attempt Count: \\d+|SDK Diagnostics: [^)]*)\\)");
  private static final Pattern SERVER =
      Pattern.compile("jdbc:postgresql://(?<host>[^/]*?)(:\\d+)?/(?<database>.*)");

  /** Where the control table is, which nothing can load again but the whole replica. */
  private static final Namespace OF_FIRN = Namespace.of("firn");

  /** What the system says of a full disk. */
  private static final String DISK_FULL = "No space left on device";

  private static final String ICEBERG_FAILURES = RESTException.class.getPackageName();

  private final CatalogConfig config;

  ReplicaFailures(CatalogConfig config) {
    this.config = config;
  }

  /**
   * The failure behind an exception, for people. One that has nothing to do with catalog and bucket
   * is a defect of Firn, which nobody mends by waiting: it is given back as it is.
   *
   * @param doing what was being done, as in "writing checkpoint 12"
   */
  public RuntimeException explain(String doing, Exception exception) {
    Optional<FirnException> failure = explanation(doing, exception);
    if (failure.isPresent()) {
      return failure.get();
    }
    return exception instanceof RuntimeException defect
        ? defect
        : new IllegalStateException(doing + " failed", exception);
  }

  /**
   * The failure behind an exception where the config was used for the first time: what has nothing
   * to do with catalog and bucket is then a setting that Iceberg does not take.
   */
  FirnException explainOpening(String doing, Exception exception) {
    return explanation(doing, exception)
        .orElseGet(() ->
            new FirnException(
                Kind.CONFIGURATION,
                doing + " failed: " + told(exception),
                "check the catalog section of the config",
                exception));
  }

  /** The failure of a class that a catalog of one's own is, or needs; it is on no class path. */
  FirnException classMissing(String name, Throwable cause) {
    return new FirnException(
        Kind.CONFIGURATION,
        "opening catalog " + config.implementation() + ": class " + name + " not found",
        "add its jar to " + CLASS_PATH,
        cause);
  }

  /** The failure of a table whose metadata file the bucket lacks, though the catalog names it. */
  RuntimeException metadataMissing(TableIdentifier table, NotFoundException cause) {
    for (Throwable t = cause; t != null; t = t.getCause()) {
      if (t instanceof S3Exception s3 && namesBucket(s3)) {
        return cause;
      }
    }
    return new FirnException(
        Kind.REPLICA_UNFIT,
        "catalog "
            + address()
            + " names a metadata file of Iceberg table "
            + table
            + " that is not there: "
            + told(cause),
        table.namespace().equals(OF_FIRN)
            ? "restore the object; or drop the slot, and the replica's tables and control table in"
                + " the catalog, run firn setup, and start: everything is loaded again"
            : "restore the object, or drop the table from the catalog so that it is loaded again",
        cause);
  }

  private Optional<FirnException> explanation(String doing, Exception exception) {
    if (exception instanceof FirnException already) {
      return Optional.of(already);
    }
    boolean outside = false;
    for (Throwable cause = exception; cause != null; cause = cause.getCause()) {
      Optional<FirnException> known = known(doing, cause, exception);
      if (known.isPresent()) {
        return known;
      }
      outside |= isOfCatalogOrBucket(cause);
    }
    return outside
        ? Optional.of(
            failure(
                doing + " failed: " + told(exception),
                "see whether catalog " + address() + " and bucket " + config.warehouse() + " work",
                exception))
        : Optional.empty();
  }

  private static boolean isOfCatalogOrBucket(Throwable cause) {
    return cause instanceof IOException
        || cause instanceof UncheckedIOException
        || cause instanceof SQLException
        || cause instanceof UncheckedSQLException
        || cause instanceof SdkException
        || cause instanceof InterruptedException
        || cause.getClass().getPackageName().equals(ICEBERG_FAILURES);
  }

  private Optional<FirnException> known(String doing, Throwable cause, Exception all) {
    FirnException failure =
        switch (cause) {
          case NoSuchBucketException e -> bucketMissing(doing, e);
          case S3Exception e when e.statusCode() == 404 && namesBucket(e) ->
              bucketMissing(doing, e);
          case S3Exception e when e.statusCode() == 403 || e.statusCode() == 401 ->
              failure(
                  doing + ": access to " + config.warehouse() + " was denied (" + answer(e) + ")",
                  "check catalog.properties s3.access-key-id and s3.secret-access-key, and that"
                      + " they may read, write and delete there",
                  all);
          case S3Exception e
              when e.statusCode() == 301 || code(e).equals("AuthorizationHeaderMalformed") ->
              failure(
                  doing + ": the bucket of " + config.warehouse() + " is in another region",
                  "set client.region in catalog.properties to the bucket's region",
                  all);
          case S3Exception e ->
              failure(
                  doing + ": the bucket's server answered " + answer(e),
                  "see the server's log; Firn goes on where it was when started again",
                  all);
          case SdkClientException e when String.valueOf(e.getMessage()).contains("credentials") ->
              failure(
                  doing + ": no credentials for the bucket were found",
                  "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where Firn is started, or"
                      + " s3.access-key-id and s3.secret-access-key in catalog.properties",
                  all);
          case SdkClientException e ->
              failure(
                  doing + ": the bucket's server" + endpoint() + " could not be reached: " + why(e),
                  "check s3.endpoint, client.region and the network",
                  all);
          case NotAuthorizedException e ->
              failure(
                  doing + ": catalog " + address() + " refused the login",
                  "check the catalog's credential or token",
                  all);
          case ForbiddenException e ->
              failure(
                  doing + ": catalog " + address() + " denied access: " + told(e),
                  "grant the catalog user the right",
                  all);
          case RESTException e ->
              failure(
                  doing + ": catalog " + address() + " did not answer: " + why(e),
                  "check catalog.uri and that the server runs",
                  all);
          case UncheckedSQLException e when e.getCause() instanceof SQLException sql ->
              database(doing, sql, all);
          case SQLException e -> database(doing, e, all);
          case IOException e when String.valueOf(e.getMessage()).contains(DISK_FULL) ->
              failure(
                  doing + ": the disk of this machine's folder " + stagingFolder() + " is full",
                  "make room there: files wait in it for their upload, up to a few hundred MiB;"
                      + " another one is set by catalog.properties s3.staging-dir",
                  all);
          default -> null;
        };
    return Optional.ofNullable(failure);
  }

  private FirnException database(String doing, SQLException e, Exception all) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    if (told(e).startsWith("No suitable driver")) {
      return new FirnException(
          Kind.CONFIGURATION,
          doing + ": no driver for " + address() + " is there",
          "add the driver's jar to " + CLASS_PATH,
          all);
    }
    if (PostgresParameters.isJdbc(config.uri()) && isOfLogin(state)) {
      return postgres(doing).refused(e);
    }
    return failure(
        doing + ": catalog database " + address() + " failed: " + why(e),
        "check catalog.uri and that the database runs",
        all);
  }

  private static boolean isOfLogin(String state) {
    return state.startsWith("28") || state.startsWith("08") || state.equals("3D000");
  }

  /** The login there, for messages. */
  private PostgresLogin postgres(String doing) {
    Map<String, String> parameters = ReplicaCatalog.postgresParameters(config);
    Matcher server = SERVER.matcher(address());
    boolean named = server.matches();
    return new PostgresLogin(
        Kind.REPLICA_UNREACHABLE,
        doing + ": catalog database " + address(),
        "",
        named ? server.group("host") : "localhost",
        named ? server.group("database") : address(),
        new PostgresLogin.Tls(
            parameters.getOrDefault(PostgresParameters.SSL_MODE, ""),
            Optional.ofNullable(parameters.get(PostgresParameters.SSL_ROOT_CERT))),
        "catalog.uri",
        "catalog.properties jdbc.user and jdbc.password");
  }

  private FirnException bucketMissing(String doing, Exception e) {
    return failure(
        doing + ": the bucket of " + config.warehouse() + " does not exist",
        "create the bucket, or correct catalog.warehouse",
        e);
  }

  private static String why(Exception e) {
    return Told.byTheNetwork(e).orElseGet(() -> told(e));
  }

  /** What an exception tells, on one line and without what the AWS SDK adds about itself. */
  private static String told(Throwable e) {
    return SDK_NOTES.matcher(Told.by(e)).replaceAll("");
  }

  /** The status that a bucket's server answered, and its code where there is one. */
  private static String answer(S3Exception e) {
    return (e.statusCode() + " " + code(e)).strip();
  }

  private static boolean namesBucket(S3Exception e) {
    return code(e).contains("Bucket");
  }

  private static String code(S3Exception e) {
    return e.awsErrorDetails() == null || e.awsErrorDetails().errorCode() == null
        ? ""
        : e.awsErrorDetails().errorCode();
  }

  private String stagingFolder() {
    return config.properties().containsKey(S3FileIOProperties.STAGING_DIRECTORY)
        ? config.properties().get(S3FileIOProperties.STAGING_DIRECTORY).reveal()
        : System.getProperty("java.io.tmpdir");
  }

  private String endpoint() {
    return config.properties().containsKey("s3.endpoint")
        ? " " + withoutSecrets(config.properties().get("s3.endpoint").reveal())
        : "";
  }

  /** Where the catalog is, for messages: without parameters and user info, which may be secret. */
  String address() {
    return withoutSecrets(config.uri());
  }

  private static String withoutSecrets(String uri) {
    return uri.replaceAll("[?;].*", "").replaceAll("//[^/@]*@", "//");
  }

  private static FirnException failure(String what, String mend, Throwable cause) {
    return new FirnException(Kind.REPLICA_UNREACHABLE, what, mend, cause);
  }
}
