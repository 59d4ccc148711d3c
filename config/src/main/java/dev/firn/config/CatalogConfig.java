package dev.firn.config;

import java.util.Map;
import java.util.Objects;

/**
 * The Iceberg catalog.
 *
 * @param type which kind
 * @param implementation the class of the catalog where type is CLASS; else the empty string
 * @param name the catalog's name: JDBC catalogs keep it in every row, so all engines must use it
 * @param uri where it is; the empty string for a CLASS that needs none
 * @param warehouse the root of the tables' files: {@code s3://bucket/path}; of a REST catalog also
 *     a name or the empty string, of a CLASS also the empty string
 * @param properties everything else, handed to Iceberg as it is ({@code s3.endpoint} and its kin);
 *     all values are treated as secrets, because some are
 */
public record CatalogConfig(
    Type type,
    String implementation,
    String name,
    String uri,
    String warehouse,
    Map<String, Secret> properties) {
  /** The kinds of catalog. */
  public enum Type {
    /** Iceberg's JdbcCatalog, on SQLite or PostgreSQL. */
    JDBC,
    /** Iceberg's REST catalog protocol. */
    REST,
    /** Any other implementation, by its class name; untested. */
    CLASS
  }

  public CatalogConfig {
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(implementation, "implementation");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(uri, "uri");
    Objects.requireNonNull(warehouse, "warehouse");
    properties = Map.copyOf(properties);
  }
}
