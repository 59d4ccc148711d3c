package dev.firn.iceberg.commit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.ManifestFiles;
import org.apache.iceberg.ManifestReader;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes the files that only expired snapshots referred to.
 *
 * <p>Iceberg's expiry takes a Puffin file for dead as soon as one of its deletion vectors is
 * replaced, while the vectors of other data files in it are live. In a history without branches
 * vectors are only ever removed, so those that any snapshot still has, the oldest has or the
 * current one.
 */
final class ExpiredFiles {
  private static final Logger LOG = LoggerFactory.getLogger(ExpiredFiles.class);

  private ExpiredFiles() {}

  /**
   * Deletes files, but for those that hold a live deletion vector.
   *
   * @param table as the expiry left it
   * @param files those that Iceberg holds for dead
   */
  static void delete(Table table, Set<String> files) {
    Set<String> vectors =
        files.stream()
            .filter(file -> FileFormat.fromFileName(file) == FileFormat.PUFFIN)
            .collect(Collectors.toCollection(HashSet::new));
    Set<String> dead = new HashSet<>(files);
    dead.removeAll(vectors);
    try {
      if (!vectors.isEmpty()) {
        vectors.removeAll(live(table));
      }
      dead.addAll(vectors);
    } catch (RuntimeException e) {
      LOG.warn("table {}: dead deletion vectors stay behind", table.name(), e);
    }
    CatalogUtil.deleteFiles(table.io(), dead, "expired");
  }

  private static Set<String> live(Table table) {
    Set<ManifestFile> manifests =
        Stream.concat(
                StreamSupport.stream(table.snapshots().spliterator(), false)
                    .min(Comparator.comparingLong(Snapshot::sequenceNumber))
                    .stream(),
                Stream.ofNullable(table.currentSnapshot()))
            .flatMap(snapshot -> snapshot.deleteManifests(table.io()).stream())
            .collect(Collectors.toSet());
    Set<String> locations = new HashSet<>();
    for (ManifestFile manifest : manifests) {
      try (ManifestReader<DeleteFile> deletes =
          ManifestFiles.readDeleteManifest(manifest, table.io(), table.specs())) {
        for (DeleteFile delete : deletes) {
          locations.add(delete.location());
        }
      } catch (IOException e) {
        throw new UncheckedIOException("closing " + manifest.path(), e);
      }
    }
    return locations;
  }
}
