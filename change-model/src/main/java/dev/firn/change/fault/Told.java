package dev.firn.change.fault;

import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Optional;

/** What exceptions of libraries tell, in words and on one line. */
public final class Told {
  private Told() {}

  /** An exception's message, or its class where it has none, on one line. */
  public static String by(Throwable exception) {
    String message = exception.getMessage();
    return message == null || message.isBlank()
        ? exception.getClass().getSimpleName()
        : onOneLine(message);
  }

  /** A text without line ends and tabs. */
  public static String onOneLine(String text) {
    return text.strip().replaceAll("\\s*[\\r\\n\\t]+\\s*", " ");
  }

  /** What the network said, before the server could say anything. */
  public static Optional<String> byTheNetwork(Throwable exception) {
    for (Throwable t = exception; t != null; t = t.getCause()) {
      switch (t) {
        case UnknownHostException _ -> {
          return Optional.of("the host name does not resolve");
        }
        case ConnectException _ -> {
          return Optional.of("connection refused, or no route");
        }
        case SocketTimeoutException _ -> {
          return Optional.of("no answer in time");
        }
        default -> {}
      }
    }
    return Optional.empty();
  }
}
