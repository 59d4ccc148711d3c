package dev.firn.daemon.http;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.SuppressForbidden;
import dev.firn.config.HttpConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Serves {@code /metrics}, {@code /health/live} and {@code /health/ready}. Two threads and a short
 * queue; a request beyond them is dropped.
 */
@SuppressForbidden("jdk.httpserver is a documented module of every JDK")
public final class MonitorServer implements AutoCloseable {
  private static final int THREADS = 2;
  private static final int QUEUED_REQUESTS = 32;
  private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  private final ThreadPoolExecutor threads;

  private MonitorServer(HttpServer server, ThreadPoolExecutor threads) {
    this.server = server;
    this.threads = threads;
  }

  /**
   * Starts serving.
   *
   * @param live asked at each request of {@code /health/live}: healthy unless only a restart helps
   * @param ready asked at each request of {@code /health/ready}: healthy where the replica follows
   *     the source; both must answer within seconds
   * @throws FirnException CONFIGURATION, where the address cannot be listened on
   */
  public static MonitorServer start(
      HttpConfig config,
      PrometheusMeterRegistry meters,
      Supplier<Health> live,
      Supplier<Health> ready) {
    HttpServer server;
    InetSocketAddress address = new InetSocketAddress(config.address(), config.port());
    try {
      server = HttpServer.create(address, QUEUED_REQUESTS);
    } catch (IOException e) {
      throw new FirnException(
          FirnException.Kind.CONFIGURATION,
          "http: cannot listen on "
              + config.address()
              + ":"
              + config.port()
              + ": "
              + e.getMessage(),
          "Name another http.port (0 for any free one), or stop what listens there.",
          e);
    }
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            1,
            TimeUnit.MINUTES,
            new ArrayBlockingQueue<>(QUEUED_REQUESTS),
            task -> {
              Thread thread = new Thread(task, "firn-http");
              thread.setDaemon(true);
              return thread;
            });
    server.setExecutor(threads);
    server.createContext(
        "/metrics", exchange -> answer(exchange, 200, PROMETHEUS_TEXT, meters.scrape()));
    server.createContext("/health/live", exchange -> answerHealth(exchange, live.get()));
    server.createContext("/health/ready", exchange -> answerHealth(exchange, ready.get()));
    server.start();
    return new MonitorServer(server, threads);
  }

  /** Where it serves. */
  public URI address() {
    InetSocketAddress address = server.getAddress();
    String host = address.getAddress().getHostAddress();
    return URI.create(
        "http://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort());
  }

  private static void answerHealth(HttpExchange exchange, Health health) throws IOException {
    answer(
        exchange,
        health.healthy() ? 200 : 503,
        "application/json",
        JSON.writeValueAsString(health));
  }

  private static void answer(HttpExchange exchange, int status, String type, String body)
      throws IOException {
    try (exchange) {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", type);
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
