package dev.firn.iceberg.commit;

import java.util.Map;
import java.util.Set;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;

/** Notes which files were made through it, in a set that others may share. */
final class NotingFileIO implements FileIO {
  private final FileIO io;
  private final Set<String> made;

  NotingFileIO(FileIO io, Set<String> made) {
    this.io = io;
    this.made = made;
  }

  /** Whether this is the one that it reads and writes by. */
  boolean isOver(FileIO other) {
    return io == other;
  }

  @Override
  public InputFile newInputFile(String path) {
    return io.newInputFile(path);
  }

  @Override
  public InputFile newInputFile(String path, long length) {
    return io.newInputFile(path, length);
  }

  @Override
  public OutputFile newOutputFile(String path) {
    made.add(path);
    return io.newOutputFile(path);
  }

  @Override
  public void deleteFile(String path) {
    io.deleteFile(path);
  }

  @Override
  public Map<String, String> properties() {
    return io.properties();
  }
}
