package dev.firn.config;

import dev.firn.config.Shapes.Parsed;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a PostgreSQL connection, as URLs of the source and of a JDBC catalog carry
 * them, and the one rule of how a server must prove who it is.
 *
 * <p>A parameter that the driver does not know it passes over: a mistyped {@code sslrootcert} would
 * leave the server unproven. So only those that it knows are taken.
 */
public final class PostgresParameters {
  /** How far a connection is encrypted and the server proven. */
  public static final String SSL_MODE = "sslmode";

  /** The file of the CA that must have signed the server's certificate. */
  public static final String SSL_ROOT_CERT = "sslrootcert";

  private static final String SSL = "ssl";
  private static final String VERIFY_FULL = "verify-full";
  private static final String JDBC = "jdbc:postgresql:";
  private static final List<String> SSL_MODES =
      List.of("disable", "allow", "prefer", "require", "verify-ca", VERIFY_FULL);
  private static final List<String> PASSWORDS = List.of("password", "sslpassword");
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[(0*:)*:?0*1\\]", Pattern.CASE_INSENSITIVE);
  private static final Pattern HOSTS = Pattern.compile("//(?<hosts>[^/]*).*", Pattern.DOTALL);
  private static final Pattern PORT = Pattern.compile(":[^:\\]]*$");

  /**
   * What a URL may set: every parameter of the driver, without the address, the login and the
   * replication protocol, which have places of their own or are Firn's.
   */
  public static final Set<String> NAMES =
      Set.of(
          "adaptiveFetch",
          "adaptiveFetchMaximum",
          "adaptiveFetchMinimum",
          "allowEncodingChanges",
          "ApplicationName",
          "assumeMinServerVersion",
          "authenticationPluginClassName",
          "autosave",
          "binaryTransfer",
          "binaryTransferDisable",
          "binaryTransferEnable",
          "cancelSignalTimeout",
          "channelBinding",
          "classLoaderStrategy",
          "cleanupSavepoints",
          "connectExecutor",
          "connectExecutorArg",
          "connectTimeout",
          "convertBooleanToNumeric",
          "currentSchema",
          "databaseMetadataCacheFields",
          "databaseMetadataCacheFieldsMiB",
          "defaultRowFetchSize",
          "disableColumnSanitiser",
          "escapeSyntaxCallMode",
          "flushCacheOnDdl",
          "groupStartupParameters",
          "gssEncMode",
          "gsslib",
          "gssResponseTimeout",
          "gssUseDefaultCreds",
          "hideUnprivilegedObjects",
          "hostRecheckSeconds",
          "jaasApplicationName",
          "jaasLogin",
          "kerberosServerName",
          "loadBalanceHosts",
          "localSocketAddress",
          "loggerFile",
          "loggerLevel",
          "loginTimeout",
          "logServerErrorDetail",
          "logUnclosedConnections",
          "maxResultBuffer",
          "maxSendBufferSize",
          "options",
          "pemKeyAlgorithm",
          "preferQueryMode",
          "preparedStatementCacheQueries",
          "preparedStatementCacheSizeMiB",
          "prepareThreshold",
          "protocolVersion",
          "queryTimeout",
          "quoteReturningIdentifiers",
          "readOnly",
          "readOnlyMode",
          "receiveBufferSize",
          "requireAuth",
          "reWriteBatchedInserts",
          "reWriteBatchedInsertsSize",
          "scramMaxIterations",
          "sendBufferSize",
          "socketFactory",
          "socketFactoryArg",
          "socketTimeout",
          SSL,
          "sslcert",
          "sslfactory",
          "sslfactoryarg",
          "sslhostnameverifier",
          "sslkey",
          SSL_MODE,
          "sslNegotiation",
          "sslpasswordcallback",
          "sslResponseTimeout",
          SSL_ROOT_CERT,
          "sspiServiceClass",
          "stringtype",
          "targetServerType",
          "tcpKeepAlive",
          "tcpNoDelay",
          "unknownLength",
          "useSpnego",
          "xmlFactoryFactory");

  private PostgresParameters() {}

  /** Whether a URL is one for PostgreSQL's JDBC driver. */
  public static boolean isJdbc(String url) {
    return url.startsWith(JDBC);
  }

  /**
   * The parameters of a JDBC URL, {@link #SSL_MODE} among them in every case.
   *
   * @param url of PostgreSQL's driver; what cannot be decoded in it is left out
   * @param further parameters that the driver gets beside it; the URL's go before
   */
  public static Map<String, String> ofJdbc(String url, Map<String, String> further) {
    Map<String, String> parameters = new LinkedHashMap<>(further);
    if (parsed(query(url)) instanceof Parsed.Ok<Map<String, String>>(Map<String, String> own)) {
      parameters.putAll(own);
    }
    parameters.put(SSL_MODE, sslMode(hosts(url, parameters), parameters));
    return parameters;
  }

  /**
   * How a server must prove who it is: as the parameters say; where they name a CA, as the one that
   * it signed a certificate for, also on this machine, where tunnels end; else every server but one
   * on this machine, which may be plain.
   *
   * @param hosts one host, or several with commas between
   */
  static String sslMode(String hosts, Map<String, String> parameters) {
    String said = parameters.get(SSL_MODE);
    if (said != null) {
      return said;
    }
    boolean wanted =
        parameters.containsKey(SSL_ROOT_CERT)
            || List.of("true", "").contains(parameters.getOrDefault(SSL, "false"));
    boolean here =
        Arrays.stream(hosts.split(",", -1)).allMatch(host -> LOOPBACK.matcher(host).matches());
    return here && !wanted ? "prefer" : VERIFY_FULL;
  }

  /** The parameters of a source's URL; refused where one is not to be taken. */
  static Parsed<Map<String, String>> ofSource(String query) {
    return switch (parsed(query)) {
      case Parsed.Refused<Map<String, String>> refused -> refused;
      case Parsed.Ok<Map<String, String>> read -> checked(read, NAMES);
    };
  }

  /** The same of a catalog's JDBC URL, which may name the user and a service too. */
  static Parsed<Map<String, String>> ofCatalog(String url) {
    Set<String> names = new TreeSet<>(NAMES);
    names.addAll(List.of("user", "service"));
    return switch (parsed(query(url))) {
      case Parsed.Refused<Map<String, String>> refused -> refused;
      case Parsed.Ok<Map<String, String>> read -> checked(read, names);
    };
  }

  private static Parsed<Map<String, String>> checked(
      Parsed.Ok<Map<String, String>> read, Set<String> known) {
    for (String name : read.value().keySet()) {
      if (!known.contains(name)) {
        return Parsed.refused(
            "has the parameter "
                + Shown.quoted(name)
                + ", which PostgreSQL's JDBC driver does not have, or Firn sets itself",
            Suggestion.nearest(name, known)
                .map(nearest -> "Did you mean '" + nearest + "'?")
                .orElse("Take it out; https://jdbc.postgresql.org/documentation/use lists them"));
      }
    }
    String mode = read.value().get(SSL_MODE);
    return mode == null || SSL_MODES.contains(mode)
        ? read
        : Parsed.refused("has an unknown sslmode", "Write one of " + String.join(", ", SSL_MODES));
  }

  private static Parsed<Map<String, String>> parsed(String query) {
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
      if (parameters.put(name, value) != null) {
        return Parsed.refused("has a parameter twice", "Keep one of the two");
      }
    }
    return Parsed.ok(parameters);
  }

  private static String query(String url) {
    int query = url.indexOf('?');
    return query < 0 ? "" : url.substring(query + 1);
  }

  /** The hosts of a JDBC URL. One that a service names is not known, and so not on this machine. */
  private static String hosts(String url, Map<String, String> parameters) {
    if (parameters.containsKey("service")) {
      return "";
    }
    int query = url.indexOf('?');
    Matcher named = HOSTS.matcher(url.substring(JDBC.length(), query < 0 ? url.length() : query));
    if (!named.matches()) {
      return parameters.getOrDefault("PGHOST", "localhost");
    }
    return String.join(
        ",",
        Arrays.stream(named.group("hosts").split(",", -1))
            .map(host -> PORT.matcher(host).replaceFirst(""))
            .map(host -> host.isEmpty() ? "localhost" : host)
            .toList());
  }

  /** The text without percent-encoding; null where it is malformed. */
  static @Nullable String decoded(String text) {
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
