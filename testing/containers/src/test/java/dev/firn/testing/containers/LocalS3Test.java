package dev.firn.testing.containers;

import dev.firn.testing.LocalS3;
import dev.firn.testing.S3Server;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class LocalS3Test extends S3ServerContract {
  @TempDir static Path folder;

  @Override
  S3Server start() throws Exception {
    return LocalS3.start(folder, 0, BUCKET);
  }
}
