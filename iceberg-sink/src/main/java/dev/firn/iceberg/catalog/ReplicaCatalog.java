package dev.firn.iceberg.catalog;

import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.FirnException.Kind;
import dev.firn.config.CatalogConfig;
import dev.firn.config.PostgresParameters;
import java.io.Closeable;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.iceberg.CatalogProperties;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.SystemConfigs;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SupportsNamespaces;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.NoSuchNamespaceException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.jdbc.JdbcClientPool;
import org.apache.iceberg.rest.RESTCatalog;

/** The Iceberg catalog of a replica, opened. */
public final class ReplicaCatalog implements AutoCloseable {
  private static final String S3_FILE_IO = "org.apache.iceberg.aws.s3.S3FileIO";

  /**
   * Each checkpoint opens the manifests that the one before wrote or opened. Iceberg keeps a cache
   * for each table, so many bytes in each, for a minute after their last use: room for the
   * manifests that are not merged yet.
   */
  private static final long MANIFEST_CACHE_BYTES = 2L << 20;

  /** So many tables have a cache; by default 8, which then push each other out. */
  private static final int MANIFEST_CACHES = 64;

  /** By default the driver waits for ever for a server that is gone; in seconds. */
  private static final Map<String, String> POSTGRES_TIMEOUTS =
      Map.of(
          "jdbc.connectTimeout", "10",
          "jdbc.loginTimeout", "20",
          "jdbc.socketTimeout", "60",
          "jdbc.tcpKeepAlive", "true");

  /** Where a JDBC catalog keeps its tables' pointers. */
  private static final String JDBC_TABLES = "iceberg_tables";

  /** The ways in which catalogs differ when tables are committed. */
  public sealed interface Access {
    /**
     * Pointers are rows of a database.
     *
     * @param connections runs SQL there, each action once
     */
    record Sql(JdbcClientPool connections) implements Access {}

    /** A server commits. */
    record Rest(RESTCatalog catalog) implements Access {
      private static final String NESSIE = "nessie.is-nessie-catalog";

      /** Whether the server says that it is Nessie. */
      boolean isNessie() {
        return Boolean.parseBoolean(catalog.properties().get(NESSIE));
      }
    }

    /** Only what every catalog can: one table at a time. */
    record Plain() implements Access {}
  }

  private final CatalogConfig config;
  private final Catalog catalog;
  private final Access access;
  private final ReplicaFailures failures;

  private ReplicaCatalog(
      CatalogConfig config, Catalog catalog, Access access, ReplicaFailures failures) {
    this.config = config;
    this.catalog = catalog;
    this.access = access;
    this.failures = failures;
  }

  /**
   * Opens a catalog, which makes sure that it answers.
   *
   * @throws FirnException of kind REPLICA_UNREACHABLE where it does not answer or refuses, or
   *     CONFIGURATION where it cannot be used
   */
  public static ReplicaCatalog open(CatalogConfig config) {
    allowManifestCaches();
    ReplicaFailures failures = new ReplicaFailures(config);
    Map<String, String> properties = properties(config);
    try {
      return switch (config.type()) {
        case JDBC -> {
          SingleRunConnections connections = new SingleRunConnections(config.uri(), properties);
          JdbcCatalog catalog = new JdbcCatalog(null, given -> connections, true);
          try {
            catalog.initialize(config.name(), properties);
          } catch (RuntimeException e) {
            connections.close();
            throw e;
          }
          yield new ReplicaCatalog(config, catalog, new Access.Sql(connections), failures);
        }
        case REST -> {
          RESTCatalog catalog = new RESTCatalog();
          try {
            catalog.initialize(config.name(), properties);
          } catch (RuntimeException e) {
            closeAfter(catalog, e);
            throw e;
          }
          yield new ReplicaCatalog(config, catalog, new Access.Rest(catalog), failures);
        }
        case CLASS -> {
          refuseHadoop(config);
          try {
            Class.forName(config.implementation());
            Catalog catalog =
                CatalogUtil.loadCatalog(
                    config.implementation(), config.name(), properties, /* hadoopConf= */ null);
            yield new ReplicaCatalog(config, catalog, new Access.Plain(), failures);
          } catch (ClassNotFoundException e) {
            throw failures.classMissing(config.implementation(), e);
          } catch (NoClassDefFoundError e) {
            throw failures.classMissing(String.valueOf(e.getMessage()).replace('/', '.'), e);
          }
        }
      };
    } catch (RuntimeException e) {
      throw failures.explainOpening("opening catalog " + failures.address(), e);
    }
  }

  /**
   * Opens a catalog to read in it, and writes nothing there: a JDBC catalog's own tables are made
   * by {@link #open} alone.
   *
   * @return empty where a JDBC catalog has no tables of its own yet, and so none of a replica
   * @throws FirnException as {@link #open}
   */
  public static Optional<ReplicaCatalog> openExisting(CatalogConfig config) {
    if (config.type() == CatalogConfig.Type.JDBC && !hasCatalogTables(config)) {
      return Optional.empty();
    }
    return Optional.of(open(config));
  }

  /** Iceberg takes the number of its caches from the process, the first time that it reads one. */
  private static void allowManifestCaches() {
    String property = SystemConfigs.IO_MANIFEST_CACHE_MAX_FILEIO.propertyKey();
    if (System.getProperty(property) == null) {
      System.setProperty(property, Integer.toString(MANIFEST_CACHES));
    }
  }

  private static boolean hasCatalogTables(CatalogConfig config) {
    ReplicaFailures failures = new ReplicaFailures(config);
    String doing = "opening catalog " + failures.address();
    try (SingleRunConnections connections =
        new SingleRunConnections(config.uri(), properties(config))) {
      return connections.run(connection ->
          hasTable(connection, JDBC_TABLES)
              || hasTable(connection, JDBC_TABLES.toUpperCase(Locale.ROOT)));
    } catch (SQLException | RuntimeException e) {
      throw failures.explainOpening(doing, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failures.explainOpening(doing, e);
    }
  }

  private static boolean hasTable(Connection connection, String name) throws SQLException {
    try (ResultSet tables = connection.getMetaData().getTables(null, null, name, null)) {
      return tables.next();
    }
  }

  private static void closeAfter(Closeable closeable, RuntimeException failure) {
    try {
      closeable.close();
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private static void refuseHadoop(CatalogConfig config) {
    if (config.implementation().equals("org.apache.iceberg.hadoop.HadoopCatalog")) {
      throw new FirnException(
          Kind.CONFIGURATION,
          "catalog implementation HadoopCatalog cannot hold a replica: it commits by renaming a"
              + " file, which object stores do not do atomically",
          "use a jdbc or rest catalog");
    }
  }

  private static Map<String, String> properties(CatalogConfig config) {
    Map<String, String> properties = new HashMap<>();
    config.properties().forEach((name, secret) -> properties.put(name, secret.reveal()));
    if (!config.uri().isEmpty()) {
      properties.put(CatalogProperties.URI, config.uri());
    }
    if (!config.warehouse().isEmpty()) {
      properties.put(CatalogProperties.WAREHOUSE_LOCATION, config.warehouse());
    }
    if (config.warehouse().startsWith("s3:") || config.warehouse().startsWith("s3a:")) {
      properties.putIfAbsent(CatalogProperties.FILE_IO_IMPL, S3_FILE_IO);
    }
    if (PostgresParameters.isJdbc(config.uri())) {
      POSTGRES_TIMEOUTS.forEach(properties::putIfAbsent);
      properties.put(
          JdbcCatalog.PROPERTY_PREFIX + PostgresParameters.SSL_MODE,
          postgresParameters(config).getOrDefault(PostgresParameters.SSL_MODE, ""));
    }
    properties.putIfAbsent(CatalogProperties.IO_MANIFEST_CACHE_ENABLED, "true");
    properties.putIfAbsent(
        CatalogProperties.IO_MANIFEST_CACHE_MAX_TOTAL_BYTES, Long.toString(MANIFEST_CACHE_BYTES));
    return properties;
  }

  /** The connection parameters of a catalog in PostgreSQL, secret ones among them. */
  static Map<String, String> postgresParameters(CatalogConfig config) {
    Map<String, String> further = new HashMap<>();
    config
        .properties()
        .forEach((name, secret) -> {
          if (name.startsWith(JdbcCatalog.PROPERTY_PREFIX)) {
            further.put(name.substring(JdbcCatalog.PROPERTY_PREFIX.length()), secret.reveal());
          }
        });
    return PostgresParameters.ofJdbc(config.uri(), further);
  }

  /** The bucket by the config alone, for a look at it without the catalog. */
  static FileIO fileIo(CatalogConfig config) {
    Map<String, String> properties = properties(config);
    return CatalogUtil.loadFileIO(
        properties.getOrDefault(
            CatalogProperties.FILE_IO_IMPL, "org.apache.iceberg.io.ResolvingFileIO"),
        properties,
        null);
  }

  /** The catalog as Iceberg knows it. */
  public Catalog catalog() {
    return catalog;
  }

  /** How several tables can be committed here. */
  public Access access() {
    return access;
  }

  /** The catalog's name, as rows of a JDBC catalog hold it. */
  public String name() {
    return config.name();
  }

  /** What it says about failures here. */
  public ReplicaFailures failures() {
    return failures;
  }

  /**
   * A table's operations, freshly loaded; empty where there is no such table.
   *
   * @throws FirnException of kind REPLICA_UNFIT where the bucket lacks the metadata file that the
   *     catalog names
   */
  public Optional<TableOperations> operations(TableIdentifier table) {
    try {
      return load(table);
    } catch (NotFoundException e) {
      // Another engine may have moved the pointer in between, and deleted where it pointed.
      try {
        return load(table);
      } catch (NotFoundException again) {
        throw failures.metadataMissing(table, again);
      }
    }
  }

  private Optional<TableOperations> load(TableIdentifier table) {
    try {
      return Optional.of(((HasTableOperations) catalog.loadTable(table)).operations());
    } catch (NoSuchTableException | NoSuchNamespaceException e) {
      return Optional.empty();
    }
  }

  /** Makes sure that a namespace exists, where the catalog has such things. */
  public void ensureNamespace(Namespace namespace) {
    if (!(catalog instanceof SupportsNamespaces namespaces)) {
      return;
    }
    if (!namespaces.namespaceExists(namespace)) {
      try {
        namespaces.createNamespace(namespace);
      } catch (AlreadyExistsException e) {
        if (!namespaces.namespaceExists(namespace)) {
          throw e;
        }
      }
    }
  }

  @Override
  public void close() {
    if (catalog instanceof Closeable closeable) {
      try {
        closeable.close();
      } catch (IOException e) {
        throw failures.explain("closing catalog " + failures.address(), e);
      }
    }
  }
}
