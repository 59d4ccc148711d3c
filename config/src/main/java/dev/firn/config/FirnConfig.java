package dev.firn.config;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The whole config file.
 *
 * @param source the database to mirror
 * @param catalog where the replica's tables are registered
 * @param replicate how the replica is written
 * @param tables which tables, with refinements; later rules refine earlier ones
 * @param http where health and meters are served
 */
public record FirnConfig(
    SourceConfig source,
    CatalogConfig catalog,
    ReplicateConfig replicate,
    List<TableRule> tables,
    HttpConfig http) {
  public FirnConfig {
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(catalog, "catalog");
    Objects.requireNonNull(replicate, "replicate");
    tables = List.copyOf(tables);
    Objects.requireNonNull(http, "http");
  }

  /** What the rules together say of a table; empty where none matches it. */
  public Optional<TableSettings> settingsFor(String schema, String table) {
    TableSettings settings = null;
    for (TableRule rule : tables) {
      if (rule.match().matches(schema, table)) {
        settings = rule.refine(settings == null ? TableSettings.NONE : settings);
      }
    }
    return Optional.ofNullable(settings);
  }
}
