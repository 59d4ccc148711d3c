package dev.firn.testing.containers;

import dev.firn.testing.S3Server;

final class LocalStackS3IT extends S3ServerContract {
  @Override
  S3Server start() {
    return LocalStackS3.start(BUCKET);
  }
}
