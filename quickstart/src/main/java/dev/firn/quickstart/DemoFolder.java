package dev.firn.quickstart;

import dev.firn.change.fault.FirnException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * The folder that holds a demo's config, catalog, bucket and log. It is emptied at each start, and
 * for that carries a mark: a folder without it that holds anything is refused.
 */
record DemoFolder(Path root) {
  private static final String MARK = ".firn-demo";

  static DemoFolder empty(Path folder) throws IOException {
    Path root = folder.toAbsolutePath().normalize();
    Path mark = root.resolve(MARK);
    if (Files.exists(root) && !Files.exists(mark)) {
      boolean inUse = !Files.isDirectory(root);
      if (!inUse) {
        try (var entries = Files.list(root)) {
          inUse = entries.findAny().isPresent();
        }
      }
      if (inUse) {
        throw new FirnException(
            FirnException.Kind.CONFIGURATION,
            root + " is not a demo's folder, and the demo would empty it",
            "Name another folder with --data.");
      }
    }
    if (Files.exists(root)) {
      delete(root);
    }
    Files.createDirectories(root);
    Files.createFile(mark);
    Files.createDirectories(root.resolve("s3"));
    Files.createDirectories(root.resolve("sort"));
    return new DemoFolder(root);
  }

  Path config() {
    return root.resolve("firn.yaml");
  }

  Path log() {
    return root.resolve("firn.log");
  }

  Path catalog() {
    return root.resolve("catalog.db");
  }

  Path s3() {
    return root.resolve("s3");
  }

  Path sort() {
    return root.resolve("sort");
  }

  private static void delete(Path root) throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
