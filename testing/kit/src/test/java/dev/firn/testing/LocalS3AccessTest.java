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

final class LocalS3AccessTest {
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
