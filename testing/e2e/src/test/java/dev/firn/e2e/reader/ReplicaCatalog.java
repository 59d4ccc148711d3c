package dev.firn.e2e.reader;

import dev.firn.testing.LocalS3;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A catalog with its tables on S3, and how each engine is told of it.
 *
 * @param type what Firn's config says of it; other engines take any but {@link #REST} for an
 *     ordinary JDBC catalog
 * @param name the catalog's name, which JDBC catalogs keep in every row
 * @param uri the JDBC URL, or the REST server's
 * @param user who logs in there; empty on SQLite and on REST servers
 * @param password the password; empty on SQLite and on REST servers
 * @param warehouse the root of the tables' files: {@code s3://bucket/path}
 * @param s3Endpoint the S3 server
 * @param accessKey the access key there
 * @param secretKey the secret key there
 */
public record ReplicaCatalog(
    String type,
    String name,
    String uri,
    String user,
    String password,
    String warehouse,
    URI s3Endpoint,
    String accessKey,
    String secretKey) {
  /** What Firn's config calls a JDBC catalog. */
  public static final String JDBC = "jdbc";

  /** What Firn's config calls a REST catalog. */
  public static final String REST = "rest";

  private static final String REGION = "us-east-1";

  public ReplicaCatalog {
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(uri, "uri");
    Objects.requireNonNull(user, "user");
    Objects.requireNonNull(password, "password");
    Objects.requireNonNull(warehouse, "warehouse");
    Objects.requireNonNull(s3Endpoint, "s3Endpoint");
    Objects.requireNonNull(accessKey, "accessKey");
    Objects.requireNonNull(secretKey, "secretKey");
  }

  /** A catalog in an SQLite file, its tables on the S3 server in this JVM. */
  public static ReplicaCatalog onSqlite(String name, Path file, String warehouse, LocalS3 s3) {
    return new ReplicaCatalog(
        JDBC,
        name,
        "jdbc:sqlite:" + file.toAbsolutePath(),
        "",
        "",
        warehouse,
        s3.endpoint(),
        LocalS3.ACCESS_KEY,
        LocalS3.SECRET_KEY);
  }

  private boolean isRest() {
    return type.equals(REST);
  }

  /** For Iceberg's own {@code JdbcCatalog} or {@code RESTCatalog}, and S3FileIO. */
  public Map<String, String> icebergProperties() {
    Map<String, String> properties = new HashMap<>(fileIoProperties());
    properties.put("uri", uri);
    properties.put("warehouse", warehouse);
    properties.put("io-impl", "org.apache.iceberg.aws.s3.S3FileIO");
    if (!isRest()) {
      properties.put("jdbc.schema-version", "V1");
    }
    if (!user.isEmpty()) {
      properties.put("jdbc.user", user);
      properties.put("jdbc.password", password);
    }
    return properties;
  }

  /** What S3FileIO needs: the endpoint, the keys, the region. */
  public Map<String, String> fileIoProperties() {
    return Map.of(
        "s3.endpoint", s3Endpoint.toString(),
        "s3.path-style-access", "true",
        "s3.access-key-id", accessKey,
        "s3.secret-access-key", secretKey,
        "client.region", REGION);
  }

  /** A JDBC catalog in PostgreSQL, for PyIceberg. */
  Map<String, String> pythonProperties() {
    Map<String, String> properties = new HashMap<>();
    properties.put("type", "sql");
    properties.put(
        "uri",
        uri.replace("jdbc:postgresql://", "postgresql+psycopg2://" + user + ":" + password + "@"));
    properties.put("warehouse", warehouse);
    properties.put("s3.endpoint", s3Endpoint.toString());
    properties.put("s3.access-key-id", accessKey);
    properties.put("s3.secret-access-key", secretKey);
    properties.put("s3.region", REGION);
    return properties;
  }

  Map<String, String> sparkProperties() {
    Map<String, String> properties = new HashMap<>(icebergProperties());
    properties.put("type", isRest() ? "rest" : "jdbc");
    properties.put("cache-enabled", "false");
    return properties;
  }

  Map<String, String> trinoProperties() {
    Map<String, String> properties = new HashMap<>();
    if (isRest()) {
      properties.put("iceberg.catalog.type", "rest");
      properties.put("iceberg.rest-catalog.uri", uri);
      properties.put("iceberg.rest-catalog.warehouse", warehouse);
    } else {
      properties.putAll(trinoJdbcProperties());
    }
    properties.put("fs.s3.enabled", "true");
    properties.put("s3.endpoint", s3Endpoint.toString());
    properties.put("s3.path-style-access", "true");
    properties.put("s3.region", REGION);
    properties.put("s3.aws-access-key", accessKey);
    properties.put("s3.aws-secret-key", secretKey);
    return properties;
  }

  private Map<String, String> trinoJdbcProperties() {
    Map<String, String> properties = new HashMap<>();
    properties.put("iceberg.catalog.type", "jdbc");
    properties.put("iceberg.jdbc-catalog.driver-class", driverClass());
    properties.put("iceberg.jdbc-catalog.connection-url", uri);
    properties.put("iceberg.jdbc-catalog.catalog-name", name);
    properties.put("iceberg.jdbc-catalog.default-warehouse-dir", warehouse);
    if (!user.isEmpty()) {
      properties.put("iceberg.jdbc-catalog.connection-user", user);
      properties.put("iceberg.jdbc-catalog.connection-password", password);
    }
    return properties;
  }

  private String driverClass() {
    return uri.startsWith("jdbc:sqlite:") ? "org.sqlite.JDBC" : "org.postgresql.Driver";
  }
}
