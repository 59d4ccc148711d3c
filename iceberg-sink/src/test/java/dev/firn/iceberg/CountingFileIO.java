package dev.firn.iceberg;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.iceberg.aws.s3.S3FileIO;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.SeekableInputStream;

/** A bucket that counts how often each file is opened, through any instance. */
public final class CountingFileIO extends S3FileIO {
  private static final long serialVersionUID = 1L;
  private static final ConcurrentHashMap<String, Integer> OPENED = new ConcurrentHashMap<>();

  /** How often each file under a location was opened. */
  static Map<String, Integer> opened(String location) {
    Map<String, Integer> opened = new TreeMap<>(OPENED);
    opened.keySet().removeIf(file -> !file.startsWith(location));
    return opened;
  }

  @Override
  public InputFile newInputFile(String path) {
    return counting(super.newInputFile(path));
  }

  @Override
  public InputFile newInputFile(String path, long length) {
    return counting(super.newInputFile(path, length));
  }

  private static InputFile counting(InputFile file) {
    return new InputFile() {
      @Override
      public long getLength() {
        return file.getLength();
      }

      @Override
      public SeekableInputStream newStream() {
        OPENED.merge(file.location(), 1, Integer::sum);
        return file.newStream();
      }

      @Override
      public String location() {
        return file.location();
      }

      @Override
      public boolean exists() {
        return file.exists();
      }
    };
  }
}
