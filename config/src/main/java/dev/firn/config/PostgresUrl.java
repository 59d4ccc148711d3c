package dev.firn.config;

import dev.firn.config.Shapes.Parsed;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A database's URL: {@code postgresql://user@host:5432/database?sslmode=verify-full}.
 *
 * <p>The password has a key of its own, because URLs end up in logs.
 */
record PostgresUrl(
    String host, int port, String database, String user, Map<String, String> parameters) {
  static final String FORM = "postgresql://user@host:5432/database";

  private static final int PORT_DEFAULT = 5432;
  private static final String WRITE = "Write it as " + FORM;
  private static final Pattern SCHEME = Pattern.compile("postgres(?:ql)?://");
  private static final Pattern AUTHORITY =
      Pattern.compile(
          "(?:(?<user>[^@]*)@)?(?<host>\\[[0-9A-Fa-f:.%]+\\]|[^\\[\\]:,@]*)(?::(?<port>[0-9]*))?");

  static Parsed<PostgresUrl> parse(String url) {
    Matcher scheme = SCHEME.matcher(url);
    if (!scheme.lookingAt()) {
      return Parsed.refused("is not a PostgreSQL URL", WRITE);
    }
    String rest = url.substring(scheme.end());
    int query = rest.indexOf('?');
    String parameters = query < 0 ? "" : rest.substring(query + 1);
    String before = query < 0 ? rest : rest.substring(0, query);
    if (before.indexOf(':') >= 0 && before.indexOf(':') < before.lastIndexOf('@')) {
      return Parsed.refused(
          "carries a password", "Take it out, and write password: ${file:/run/secrets/pg} below");
    }
    if (rest.indexOf('#') >= 0) {
      return Parsed.refused("has a '#'", "Write %23 where a '#' is meant");
    }
    int slash = before.indexOf('/');
    if (slash < 0 || slash == before.length() - 1) {
      return Parsed.refused("names no database", WRITE);
    }
    Matcher authority = AUTHORITY.matcher(before.substring(0, slash));
    if (!authority.matches()) {
      return Parsed.refused("does not name one server", WRITE + ": one host, and a numeric port");
    }
    if (authority.group("user") == null || authority.group("user").isEmpty()) {
      return Parsed.refused("names no user", WRITE);
    }
    if (authority.group("host").isEmpty()) {
      return Parsed.refused("names no host", WRITE);
    }
    int port = port(authority.group("port"));
    if (port < 1 || port > 65535) {
      return Parsed.refused("has a port that is not from 1 to 65535", WRITE);
    }
    String user = PostgresParameters.decoded(authority.group("user"));
    String host = PostgresParameters.decoded(authority.group("host"));
    String database = PostgresParameters.decoded(before.substring(slash + 1));
    if (user == null || host == null || database == null) {
      return Parsed.refused(
          "has a '%' that no two hexadecimal digits follow, or that makes no text",
          "Write %25 where a '%' is meant");
    }
    if (database.chars().anyMatch(c -> "?+%&#/".indexOf(c) >= 0)) {
      return Parsed.refused(
          "names a database with one of ? + % & # / in its name, which Debezium cannot open",
          "Rename the database");
    }
    return withParameters(host, port, database, user, parameters);
  }

  private static Parsed<PostgresUrl> withParameters(
      String host, int port, String database, String user, String query) {
    return switch (PostgresParameters.ofSource(query)) {
      case Parsed.Refused<Map<String, String>>(String phrase, String mend) ->
          Parsed.refused(phrase, mend);
      case Parsed.Ok<Map<String, String>>(Map<String, String> read) -> {
        Map<String, String> parameters = new LinkedHashMap<>(read);
        parameters.put(PostgresParameters.SSL_MODE, PostgresParameters.sslMode(host, read));
        yield Parsed.ok(new PostgresUrl(host, port, database, user, parameters));
      }
    };
  }

  private static int port(@Nullable String digits) {
    if (digits == null || digits.isEmpty()) {
      return PORT_DEFAULT;
    }
    return digits.length() > 5 ? -1 : Integer.parseInt(digits);
  }
}
