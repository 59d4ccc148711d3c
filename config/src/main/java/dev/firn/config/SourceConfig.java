package dev.firn.config;

import java.util.Map;
import java.util.Objects;

/**
 * The source database.
 *
 * @param host its host name or address; an IPv6 address stands in brackets, as in URLs
 * @param port its TCP port
 * @param database the database's name
 * @param user who Firn logs in as
 * @param password read anew at each login, so that it can be rotated; the empty text where the
 *     server asks for none
 * @param parameters further parameters of the URL, for the driver; a config file's always have
 *     {@code sslmode}
 * @param slot the logical replication slot, which Firn owns
 * @param publication the publication, which {@code firn setup} creates
 */
public record SourceConfig(
    String host,
    int port,
    String database,
    String user,
    Secret password,
    Map<String, String> parameters,
    String slot,
    String publication) {
  /** The slot's and the publication's name where the config names none. */
  public static final String DEFAULT_NAME = "firn";

  public SourceConfig {
    Objects.requireNonNull(host, "host");
    Objects.requireNonNull(database, "database");
    Objects.requireNonNull(user, "user");
    Objects.requireNonNull(password, "password");
    parameters = Map.copyOf(parameters);
    Objects.requireNonNull(slot, "slot");
    Objects.requireNonNull(publication, "publication");
  }

  /** Where the source is, for messages: {@code host:port/database}, never a secret. */
  public String address() {
    return host + ":" + port + "/" + database;
  }
}
