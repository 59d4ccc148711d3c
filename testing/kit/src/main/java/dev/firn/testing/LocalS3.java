package dev.firn.testing;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;

/** An S3 server in this JVM, on a local folder and on loopback. Each bucket is a subfolder. */
public final class LocalS3 implements S3Server {
  /** The access key that the server accepts. */
  public static final String ACCESS_KEY = "local";

  /** The secret key that the server accepts. */
  public static final String SECRET_KEY = "local-secret";

  private final S3Proxy proxy;

  private LocalS3(S3Proxy proxy) {
    this.proxy = proxy;
  }

  /**
   * Starts a server.
   *
   * @param folder holds the buckets; made where it does not exist
   * @param port the TCP port, 0 for any free one
   * @param buckets made where they do not exist
   */
  public static LocalS3 start(Path folder, int port, String... buckets) throws IOException {
    Files.createDirectories(folder);
    for (String bucket : buckets) {
      Files.createDirectories(folder.resolve(bucket));
    }
    S3Proxy proxy =
        S3Proxy.builder()
            .blobStore(new PrivateBuckets(new FilesystemNio2BlobStore(folder.toString())))
            .endpoint(URI.create("http://127.0.0.1:" + port))
            .awsAuthentication(AuthenticationType.AWS_V4, ACCESS_KEY, SECRET_KEY)
            .build();
    try {
      proxy.start();
    } catch (Exception e) {
      throw new IOException("the S3 server did not start on port " + port, e);
    }
    return new LocalS3(proxy);
  }

  @Override
  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + proxy.getPort());
  }

  @Override
  public Map<String, String> fileIoProperties() {
    return Map.of(
        "s3.endpoint",
        endpoint().toString(),
        "s3.path-style-access",
        "true",
        "s3.access-key-id",
        ACCESS_KEY,
        "s3.secret-access-key",
        SECRET_KEY,
        "client.region",
        "us-east-1");
  }

  @Override
  public void close() throws IOException {
    try {
      proxy.stop();
    } catch (Exception e) {
      throw new IOException("the S3 server did not stop", e);
    }
  }
}
