package dev.firn.iceberg;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.NoSuchNamespaceException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.rest.CatalogHandlers;
import org.apache.iceberg.rest.RESTCatalogProperties;
import org.apache.iceberg.rest.RESTSerializers;
import org.apache.iceberg.rest.requests.CommitTransactionRequest;
import org.apache.iceberg.rest.requests.CreateNamespaceRequest;
import org.apache.iceberg.rest.requests.CreateTableRequest;
import org.apache.iceberg.rest.requests.UpdateTableRequest;
import org.apache.iceberg.rest.responses.ConfigResponse;
import org.apache.iceberg.rest.responses.ErrorResponse;
import org.apache.iceberg.rest.responses.ErrorResponseParser;

/**
 * A REST catalog over a JDBC catalog, with Iceberg's own handlers and serialization. One request
 * runs at a time, so {@code transactions/commit} is atomic to whoever reads through the server.
 */
public final class RestServer implements AutoCloseable {
  /** What happens to the next commit. */
  public enum Fault {
    /** The server fails before it commits. */
    FAILS_BEFORE,
    /** The server commits and then answers 500. */
    FAILS_AFTER
  }

  private final HttpServer server;
  private final ExecutorService requests = Executors.newFixedThreadPool(2);
  private final JdbcCatalog catalog;
  private final ConcurrentLinkedQueue<Fault> faults = new ConcurrentLinkedQueue<>();
  private final ObjectMapper mapper = new ObjectMapper();

  public RestServer(Map<String, String> jdbcProperties) throws IOException {
    mapper.setVisibility(PropertyAccessor.FIELD, JsonAutoDetect.Visibility.ANY);
    mapper.configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
    mapper.setPropertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE);
    RESTSerializers.registerAll(mapper);
    catalog = new JdbcCatalog();
    catalog.initialize("firn", jdbcProperties);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(requests);
    server.createContext("/", this::handle);
    server.start();
  }

  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  public void plan(Fault fault) {
    faults.add(fault);
  }

  public boolean spent() {
    return faults.isEmpty();
  }

  private synchronized void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Object answer;
      int status = 200;
      try {
        answer = answer(exchange);
      } catch (NoSuchTableException | NoSuchNamespaceException e) {
        status = 404;
        answer = e;
      } catch (CommitFailedException | AlreadyExistsException e) {
        status = 409;
        answer = e;
      } catch (RuntimeException e) {
        status = 500;
        answer = e;
      }
      byte[] body = new byte[0];
      if (answer instanceof RuntimeException e) {
        body =
            ErrorResponseParser.toJson(
                    ErrorResponse.builder()
                        .responseCode(status)
                        .withType(e.getClass().getSimpleName())
                        .withMessage(String.valueOf(e.getMessage()))
                        .build())
                .getBytes(java.nio.charset.StandardCharsets.UTF_8);
      } else if (answer != null) {
        body = mapper.writeValueAsBytes(answer);
      }
      boolean empty = body.length == 0 || exchange.getRequestMethod().equals("HEAD");
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      exchange.sendResponseHeaders(
          status == 200 && body.length == 0 ? 204 : status, empty ? -1 : body.length);
      if (!empty) {
        exchange.getResponseBody().write(body);
      }
    }
  }

  private Object answer(HttpExchange exchange) throws IOException {
    String method = exchange.getRequestMethod();
    List<String> path = new ArrayList<>(List.of(exchange.getRequestURI().getPath().split("/")));
    path.removeIf(String::isEmpty);
    path.removeFirst(); // v1
    String route = method + " " + path.getFirst() + " " + path.size();
    switch (route) {
      case "GET config 1" -> {
        return ConfigResponse.builder().build();
      }
      case "POST namespaces 1" -> {
        return CatalogHandlers.createNamespace(
            catalog, body(exchange, CreateNamespaceRequest.class));
      }
      case "GET namespaces 2", "HEAD namespaces 2" -> {
        return CatalogHandlers.loadNamespace(catalog, Namespace.of(path.get(1)));
      }
      case "POST namespaces 3" -> {
        return CatalogHandlers.createTable(
            catalog, Namespace.of(path.get(1)), body(exchange, CreateTableRequest.class));
      }
      case "GET namespaces 4", "HEAD namespaces 4" -> {
        return CatalogHandlers.loadTable(
            catalog,
            TableIdentifier.of(path.get(1), path.get(3)),
            RESTCatalogProperties.SnapshotMode.ALL);
      }
      case "DELETE namespaces 4" -> {
        CatalogHandlers.dropTable(catalog, TableIdentifier.of(path.get(1), path.get(3)));
        return null;
      }
      case "POST namespaces 4" -> {
        return CatalogHandlers.updateTable(
            catalog,
            TableIdentifier.of(path.get(1), path.get(3)),
            body(exchange, UpdateTableRequest.class));
      }
      case "POST transactions 2" -> {
        commit(body(exchange, CommitTransactionRequest.class));
        return null;
      }
      default -> throw new UnsupportedOperationException(route);
    }
  }

  private void commit(CommitTransactionRequest request) {
    Fault fault = faults.poll();
    if (fault == Fault.FAILS_BEFORE) {
      throw new IllegalStateException("the server failed before it committed");
    }
    Map<TableOperations, TableMetadata> next = new HashMap<>();
    for (UpdateTableRequest change : request.tableChanges()) {
      TableOperations operations =
          ((BaseTable) catalog.loadTable(change.identifier())).operations();
      TableMetadata base = operations.current();
      change.requirements().forEach(requirement -> requirement.validate(base));
      TableMetadata.Builder builder = TableMetadata.buildFrom(base);
      change.updates().forEach(update -> update.applyTo(builder));
      next.put(operations, builder.build());
    }
    next.forEach((operations, metadata) -> operations.commit(operations.current(), metadata));
    if (fault == Fault.FAILS_AFTER) {
      throw new IllegalStateException("the server failed after it committed");
    }
  }

  private <T> T body(HttpExchange exchange, Class<T> type) throws IOException {
    return mapper.readValue(exchange.getRequestBody(), type);
  }

  @Override
  public void close() {
    server.stop(0);
    requests.shutdown();
    try {
      catalog.close();
    } catch (UncheckedIOException e) {
      throw new IllegalStateException(e);
    }
  }
}
