package dev.firn.config;

import dev.firn.config.Shapes.Parsed;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A database's URL: {@code postgresql://user@host:5432/database?sslmode=verify-full}.
 *
 * <p>The password has a key of its own, because URLs end up in logs. Without {@code sslmode} a
 * remote server must prove by its certificate that it is the one named; a server on this machine
 * may be plain.
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
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[(0*:)*:?0*1\\]", Pattern.CASE_INSENSITIVE);
  private static final List<String> PASSWORDS = List.of("password", "sslpassword");
  private static final List<String> OWN_PLACES =
      List.of("user", "host", "hostaddr", "port", "dbname");
  private static final List<String> SSL_MODES =
      List.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");

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
    String user = decoded(authority.group("user"));
    String host = decoded(authority.group("host"));
    String database = decoded(before.substring(slash + 1));
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
    Map<String, String> parameters = new LinkedHashMap<>();
    for (String pair : query.isEmpty() ? new String[0] : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      String name = equals < 1 ? null : decoded(pair.substring(0, equals));
      String value = equals < 1 ? null : decoded(pair.substring(equals + 1));
      if (name == null || value == null) {
        return Parsed.refused(
            "has a parameter that is not name=value", "Write ?name=value&name=value");
      }
      if (PASSWORDS.contains(name.toLowerCase(Locale.ROOT))) {
        return Parsed.refused(
            "carries a password", "Take it out, and write password: ${file:/run/secrets/pg} below");
      }
      if (OWN_PLACES.contains(name)) {
        return Parsed.refused("has the parameter '" + name + "'", WRITE);
      }
      if (name.equals("sslmode") && !SSL_MODES.contains(value)) {
        return Parsed.refused(
            "has an unknown sslmode", "Write one of " + String.join(", ", SSL_MODES));
      }
      if (parameters.put(name, value) != null) {
        return Parsed.refused("has a parameter twice", "Keep one of the two");
      }
    }
    parameters.putIfAbsent("sslmode", LOOPBACK.matcher(host).matches() ? "prefer" : "verify-full");
    return Parsed.ok(new PostgresUrl(host, port, database, user, parameters));
  }

  private static int port(@Nullable String digits) {
    if (digits == null || digits.isEmpty()) {
      return PORT_DEFAULT;
    }
    return digits.length() > 5 ? -1 : Integer.parseInt(digits);
  }

  /** The text without percent-encoding; null where it is malformed. */
  private static @Nullable String decoded(String text) {
    if (text.startsWith("[")) {
      return text;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < text.length(); ) {
      if (text.charAt(i) == '%') {
        int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
        int low = i + 2 < text.length() ? Character.digit(text.charAt(i + 2), 16) : -1;
        if (high < 0 || low < 0) {
          return null;
        }
        bytes.write(high * 16 + low);
        i += 3;
      } else {
        int end = text.offsetByCodePoints(i, 1);
        bytes.writeBytes(text.substring(i, end).getBytes(StandardCharsets.UTF_8));
        i = end;
      }
    }
    try {
      String decoded =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(bytes.toByteArray()))
              .toString();
      return decoded.chars().anyMatch(Character::isISOControl) ? null : decoded;
    } catch (CharacterCodingException e) {
      return null;
    }
  }
}
