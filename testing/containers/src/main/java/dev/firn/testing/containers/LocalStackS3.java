package dev.firn.testing.containers;

import dev.firn.testing.S3Server;
import java.net.URI;
import java.util.Map;
import org.testcontainers.localstack.LocalStackContainer;
import org.testcontainers.utility.DockerImageName;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** LocalStack's S3. */
public final class LocalStackS3 implements S3Server {
  // The last one that starts without an account.
  private static final DockerImageName IMAGE =
      DockerImageName.parse("localstack/localstack:4.14.0");

  private final LocalStackContainer container;

  private LocalStackS3(LocalStackContainer container) {
    this.container = container;
  }

  /** Starts a server with these buckets. */
  @SuppressWarnings("resource") // ends with the object returned
  public static LocalStackS3 start(String... buckets) {
    LocalStackContainer container =
        new LocalStackContainer(IMAGE).withServices("s3").withLabels(TestRun.LABELS);
    container.start();
    LocalStackS3 server = new LocalStackS3(container);
    // The container is ready also where S3 failed to load: the buckets tell.
    try (S3Client client =
        S3Client.builder()
            .endpointOverride(server.endpoint())
            .forcePathStyle(true)
            .region(Region.of(container.getRegion()))
            .credentialsProvider(
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(container.getAccessKey(), container.getSecretKey())))
            .build()) {
      for (String bucket : buckets) {
        client.createBucket(request -> request.bucket(bucket));
      }
    } catch (RuntimeException e) {
      container.stop();
      throw e;
    }
    return server;
  }

  @Override
  public URI endpoint() {
    return container.getEndpoint();
  }

  @Override
  public Map<String, String> fileIoProperties() {
    return Map.of(
        "s3.endpoint",
        endpoint().toString(),
        "s3.path-style-access",
        "true",
        "s3.access-key-id",
        container.getAccessKey(),
        "s3.secret-access-key",
        container.getSecretKey(),
        "client.region",
        container.getRegion());
  }

  @Override
  public void close() {
    container.stop();
  }
}
