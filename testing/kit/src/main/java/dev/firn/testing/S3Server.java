package dev.firn.testing;

import java.io.IOException;
import java.net.URI;
import java.util.Map;

/** An S3 server on this machine. Closing it ends it. */
public interface S3Server extends AutoCloseable {
  /** The endpoint's URL, as this machine reaches it. */
  URI endpoint();

  /** The properties with which Iceberg's S3FileIO reaches this server. */
  Map<String, String> fileIoProperties();

  @Override
  void close() throws IOException;
}
