package dev.firn.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Exception;

final class LocalS3Test {
  @TempDir Path folder;
  private LocalS3 server;
  private S3Client client;

  @BeforeEach
  void start() throws Exception {
    server = LocalS3.start(folder, 0, "lake");
    client = client(LocalS3.SECRET_KEY);
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    server.close();
  }

  @Test
  void keepsWhatIsPut() {
    client.putObject(r -> r.bucket("lake").key("a/b c=1.parquet"), RequestBody.fromString("rows"));

    assertThat(client.getObjectAsBytes(r -> r.bucket("lake").key("a/b c=1.parquet")).asUtf8String())
        .isEqualTo("rows");
    assertThat(client.listObjectsV2(r -> r.bucket("lake").prefix("a/")).contents())
        .singleElement()
        .satisfies(object -> assertThat(object.key()).isEqualTo("a/b c=1.parquet"));
  }

  @ParameterizedTest
  @CsvSource({"GET,/", "GET,/lake", "GET,/lake/key", "HEAD,/lake/key", "PUT,/lake/other"})
  void refusesRequestsWithoutAKeyEvenOnFoldersThatAllMayReadAndWrite(String method, String path)
      throws Exception {
    client.putObject(r -> r.bucket("lake").key("key"), RequestBody.fromString("secret"));
    Files.setPosixFilePermissions(
        folder.resolve("lake"), PosixFilePermissions.fromString("rwxrwxrwx"));
    Files.setPosixFilePermissions(
        folder.resolve("lake/key"), PosixFilePermissions.fromString("rw-rw-rw-"));

    assertThat(status(method, path)).isEqualTo(403);
    assertThat(folder.resolve("lake/other")).doesNotExist();
  }

  @Test
  void refusesAWrongKey() {
    try (S3Client other = client("wrong")) {
      assertThatThrownBy(() -> other.listObjectsV2(r -> r.bucket("lake")))
          .isInstanceOfSatisfying(
              S3Exception.class, e -> assertThat(e.statusCode()).isEqualTo(403));
    }
  }

  @Test
  void listensOnLoopbackOnly() {
    assertThat(server.endpoint().getHost()).isEqualTo("127.0.0.1");
  }

  @Test
  void aConditionalPutHasExactlyOneWinner() throws Exception {
    int contenders = 8;
    try (var threads = Executors.newFixedThreadPool(contenders)) {
      for (int round = 0; round < 50; round++) {
        String key = "race/" + round;
        List<Callable<String>> puts = new ArrayList<>();
        for (int contender = 0; contender < contenders; contender++) {
          String body = "contender " + contender;
          puts.add(() -> putIfAbsent(key, body));
        }
        List<String> winners = new ArrayList<>();
        for (Future<String> put : threads.invokeAll(puts)) {
          if (!put.get().isEmpty()) {
            winners.add(put.get());
          }
        }
        assertThat(winners).hasSize(1);
        assertThat(client.getObjectAsBytes(r -> r.bucket("lake").key(key)).asUtf8String())
            .isEqualTo(winners.getFirst());
      }
    }
  }

  /** The body where this put created the object, and nothing where another one had. */
  private String putIfAbsent(String key, String body) {
    try {
      client.putObject(
          r -> r.bucket("lake").key(key).ifNoneMatch("*"), RequestBody.fromString(body));
      return body;
    } catch (S3Exception e) {
      assertThat(e.statusCode()).isIn(409, 412);
      return "";
    }
  }

  private int status(String method, String path) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      URI address = URI.create(server.endpoint() + path);
      var body =
          method.equals("PUT")
              ? HttpRequest.BodyPublishers.ofString("mine")
              : HttpRequest.BodyPublishers.noBody();
      return http.send(
              HttpRequest.newBuilder(address).method(method, body).build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }
  }

  private S3Client client(String secretKey) {
    return S3Client.builder()
        .endpointOverride(server.endpoint())
        .forcePathStyle(true)
        .region(Region.US_EAST_1)
        .credentialsProvider(
            StaticCredentialsProvider.create(
                AwsBasicCredentials.create(LocalS3.ACCESS_KEY, secretKey)))
        .build();
  }
}
