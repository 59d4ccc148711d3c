package dev.firn.testing.containers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.testing.S3Server;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** What every S3 server of the tests must do, so that a test may run on any of them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class S3ServerContract {
  static final String BUCKET = "lake";

  private static final int PART_BYTES = 5 << 20;

  private S3Server server;
  private S3Client client;

  /** A server with the bucket {@link #BUCKET}. */
  abstract S3Server start() throws Exception;

  @BeforeAll
  void open() throws Exception {
    server = start();
    Map<String, String> properties = server.fileIoProperties();
    client =
        S3Client.builder()
            .endpointOverride(URI.create(properties.get("s3.endpoint")))
            .forcePathStyle(Boolean.parseBoolean(properties.get("s3.path-style-access")))
            .region(Region.of(properties.get("client.region")))
            .credentialsProvider(
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(
                        properties.get("s3.access-key-id"),
                        properties.get("s3.secret-access-key"))))
            .build();
  }

  @AfterAll
  void close() throws Exception {
    client.close();
    server.close();
  }

  @Test
  void keepsWhatIsPutUnderNamesOfPartitions() {
    String key = "t/data/day=2026-01-01/a b+c=%2F.parquet";
    client.putObject(r -> r.bucket(BUCKET).key(key), RequestBody.fromString("rows"));

    assertThat(read(key)).isEqualTo("rows");
    assertThat(client.listObjectsV2(r -> r.bucket(BUCKET).prefix("t/data/")).contents())
        .singleElement()
        .satisfies(object -> assertThat(object.key()).isEqualTo(key));
  }

  @Test
  void readsARange() {
    client.putObject(r -> r.bucket(BUCKET).key("range"), RequestBody.fromString("0123456789"));

    assertThat(
            client
                .getObjectAsBytes(r -> r.bucket(BUCKET).key("range").range("bytes=3-5"))
                .asUtf8String())
        .isEqualTo("345");
  }

  @Test
  void joinsTheParts() {
    String key = "parts";
    String upload = client.createMultipartUpload(r -> r.bucket(BUCKET).key(key)).uploadId();
    List<CompletedPart> parts = new ArrayList<>();
    for (int number = 1; number <= 2; number++) {
      int part = number;
      byte[] bytes = new byte[PART_BYTES];
      bytes[0] = (byte) number;
      String tag =
          client
              .uploadPart(
                  r -> r.bucket(BUCKET).key(key).uploadId(upload).partNumber(part),
                  RequestBody.fromBytes(bytes))
              .eTag();
      parts.add(CompletedPart.builder().partNumber(part).eTag(tag).build());
    }
    client.completeMultipartUpload(
        r -> r.bucket(BUCKET).key(key).uploadId(upload).multipartUpload(m -> m.parts(parts)));

    byte[] whole = client.getObjectAsBytes(r -> r.bucket(BUCKET).key(key)).asByteArray();
    assertThat(whole).hasSize(2 * PART_BYTES);
    assertThat(whole[0]).isEqualTo((byte) 1);
    assertThat(whole[PART_BYTES]).isEqualTo((byte) 2);
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
        assertThat(winners).containsExactly(read(key));
      }
    }
  }

  /** The body where this put created the object, and nothing where another one had. */
  private String putIfAbsent(String key, String body) {
    try {
      client.putObject(
          r -> r.bucket(BUCKET).key(key).ifNoneMatch("*"), RequestBody.fromString(body));
      return body;
    } catch (S3Exception e) {
      assertThat(e.statusCode()).isIn(409, 412);
      return "";
    }
  }

  private String read(String key) {
    return client.getObjectAsBytes(r -> r.bucket(BUCKET).key(key)).asUtf8String();
  }
}
