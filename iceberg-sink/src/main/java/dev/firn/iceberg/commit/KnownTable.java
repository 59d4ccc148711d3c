package dev.firn.iceberg.commit;

import dev.firn.change.fault.Failpoint;
import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.FirnException.Kind;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.DataOperations;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.util.SnapshotUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An Iceberg table as this daemon last knew it. It follows the catalog only when told to, so that
 * what was looked up in one snapshot is committed on that snapshot or not at all. Not thread-safe.
 */
public final class KnownTable {
  private static final Logger LOG = LoggerFactory.getLogger(KnownTable.class);

  private final ReplicaCatalog catalog;
  private final TableIdentifier id;
  private TableOperations real;
  private TableMetadata metadata;
  private Table table;
  private boolean behind;
  private OptionalLong ourSnapshotId = OptionalLong.empty();

  /** Attempts of the commit under way, newest last; each may still turn out to have landed. */
  private final List<StagedTable> attempts = new ArrayList<>();

  /** Files written for the commit under way, by attempts that came to nothing too. */
  private final Set<String> written = ConcurrentHashMap.newKeySet();

  /** One for many commits: Iceberg's cache of manifests knows a file by the object it came from. */
  private NotingFileIO noting;

  private int stagings;
  private boolean toBeFollowed;

  private KnownTable(ReplicaCatalog catalog, TableIdentifier id, TableOperations real) {
    this.catalog = catalog;
    this.id = id;
    this.real = real;
    this.metadata = real.current();
    this.table = view(metadata);
    this.noting = new NotingFileIO(real.io(), written);
  }

  /** Loads a table; empty where the catalog has none of that name. */
  public static Optional<KnownTable> load(ReplicaCatalog catalog, TableIdentifier id) {
    return catalog.operations(id).map(real -> new KnownTable(catalog, id, real));
  }

  /** Its name in the catalog. */
  public TableIdentifier id() {
    return id;
  }

  /** The table as it is known, for reading and for writing files; it commits nothing. */
  public Table table() {
    return table;
  }

  /** Its Iceberg identity. */
  public String uuid() {
    return metadata.uuid();
  }

  /** What Firn wrote into its properties last. */
  public Marks marks() {
    try {
      return Marks.parse(metadata.properties());
    } catch (IllegalArgumentException e) {
      throw new FirnException(
          Kind.REPLICA_UNFIT,
          "a firn.* property of Iceberg table " + id + " cannot be read: " + e.getMessage(),
          "restore the property, or drop the table so that Firn loads it again",
          e);
    }
  }

  /** Its properties. */
  public Map<String, String> properties() {
    return metadata.properties();
  }

  /** The id of its current snapshot; empty where it has none. */
  public OptionalLong snapshotId() {
    Snapshot current = metadata.currentSnapshot();
    return current == null ? OptionalLong.empty() : OptionalLong.of(current.snapshotId());
  }

  /**
   * Reads the table anew from the catalog.
   *
   * @throws LostTableException where it is gone or another table has its name
   */
  void reload() {
    TableOperations loaded =
        catalog
            .operations(id)
            .orElseThrow(() ->
                new LostTableException(this, "Iceberg table " + id + " was dropped by others"));
    if (!loaded.current().uuid().equals(metadata.uuid())) {
      throw new LostTableException(
          this,
          "Iceberg table "
              + id
              + " is another table now: its UUID is "
              + loaded.current().uuid()
              + " and was "
              + metadata.uuid());
    }
    real = loaded;
    metadata = loaded.current();
    table = view(metadata);
    behind = false;
  }

  /**
   * Expires snapshots by Iceberg's own expiry, in a commit of its own, and deletes the files that
   * only they referred to. Current, tagged and branched snapshots stay.
   *
   * @param olderThanMillis those younger stay, milliseconds since 1970 UTC
   * @param retainLast so many of the newest stay
   * @throws org.apache.iceberg.exceptions.CommitFailedException where another commit came first
   */
  public void expireSnapshots(long olderThanMillis, int retainLast) {
    behind = true;
    Table fresh = new BaseTable(catalog.operations(id).orElseThrow(), id.toString(), report -> {});
    Set<String> files = ConcurrentHashMap.newKeySet();
    fresh
        .expireSnapshots()
        .expireOlderThan(olderThanMillis)
        .retainLast(retainLast)
        .deleteWith(files::add)
        .commit();
    Failpoint.SNAPSHOTS_EXPIRED.reached();
    fresh.refresh();
    ExpiredFiles.delete(fresh, files);
    Failpoint.FILES_EXPIRED.reached();
  }

  void reloadIfBehind() {
    if (behind) {
      reload();
    }
  }

  /**
   * Reads the table anew, and does what the next commit would do with what others did to it: sets
   * it forward where they rolled it back, and refuses rows of theirs.
   *
   * @param marks what the next commit would carry
   * @throws FirnException of kind REPLICA_UNFIT where others changed rows, FENCED where another
   *     daemon has the table
   * @throws LostTableException where it is to be loaded again
   * @throws org.apache.iceberg.exceptions.CommitFailedException where another commit came first
   */
  void follow(Marks marks) {
    toBeFollowed = true;
    reload();
    AncestryGuard.refuseOtherDaemon(this, metadata, marks);
    undoRollback(marks);
    Snapshot current = metadata.currentSnapshot();
    boolean good =
        new AncestryGuard(this, marks, lastSnapshotId())
            .validate(
                current == null
                    ? List.of()
                    : SnapshotUtil.ancestorsOf(current.snapshotId(), metadata::snapshot));
    if (good && current != null && lastSnapshotId().isPresent()) {
      // what led here is proven, and others may expire it
      ourSnapshotId = OptionalLong.of(current.snapshotId());
    }
    toBeFollowed = false;
  }

  /** Whether {@link #follow} was begun and did not come to its end. */
  boolean isToBeFollowed() {
    return toBeFollowed;
  }

  /**
   * Whether Firn's last snapshot is gone, and the current one was not made on it, as far as can be
   * told: then nothing says which rows the table holds.
   */
  public boolean isLost() {
    OptionalLong last = lastSnapshotId();
    if (last.isEmpty() || metadata.snapshot(last.getAsLong()) != null) {
      return false;
    }
    Snapshot current = metadata.currentSnapshot();
    if (current == null) {
      return true;
    }
    for (Snapshot each : SnapshotUtil.ancestorsOf(current.snapshotId(), metadata::snapshot)) {
      if (isRewriteOf(last.getAsLong(), each)
          || (each.parentId() != null && each.parentId() == last.getAsLong())) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether a snapshot without a parent is a rewrite made right on Firn's last one. A catalog may
   * show the current snapshot alone, and no parent of it, as Nessie does. The property that names
   * our last snapshot then stands only in metadata that was made on ours, and a sequence number one
   * above leaves no room for any snapshot between.
   */
  boolean isRewriteOf(long last, Snapshot snapshot) {
    return snapshot.parentId() == null
        && DataOperations.REPLACE.equals(snapshot.operation())
        && Marks.snapshotId(metadata.properties()).equals(OptionalLong.of(last))
        && Marks.sequenceNumber(metadata.properties())
            .equals(OptionalLong.of(snapshot.sequenceNumber() - 1));
  }

  /** Whether this is the table as it is known, with the same current snapshot. */
  boolean isSameAs(TableMetadata other) {
    Snapshot mine = metadata.currentSnapshot();
    Snapshot its = other.currentSnapshot();
    return other.uuid().equals(metadata.uuid())
        && (mine == null ? its == null : its != null && its.snapshotId() == mine.snapshotId());
  }

  /**
   * Where others rolled the table back, sets it to Firn's last snapshot again: the source no longer
   * has the log since then. Where that snapshot has been expired nothing is done, and {@link
   * #isLost} says so.
   *
   * @throws FirnException of kind FENCED where another daemon has the table
   * @throws org.apache.iceberg.exceptions.CommitFailedException where another commit came first
   */
  void undoRollback(Marks marks) {
    OptionalLong last = lastSnapshotId();
    if (last.isEmpty()
        || metadata.snapshot(last.getAsLong()) == null
        || isCurrentFrom(last.getAsLong())) {
      return;
    }
    AncestryGuard.refuseOtherDaemon(this, metadata, marks);
    LOG.warn(
        "table {}: others rolled it back to snapshot {}; setting it to Firn's last snapshot {}"
            + " again",
        id,
        snapshotId().isPresent() ? snapshotId().getAsLong() : "none",
        last.getAsLong());
    // One attempt: what another commit changed is to be looked at before anything else.
    real.commit(
        metadata,
        TableMetadata.buildFrom(metadata)
            .setBranchSnapshot(last.getAsLong(), SnapshotRef.MAIN_BRANCH)
            .build());
    reload();
  }

  private boolean isCurrentFrom(long ancestor) {
    Snapshot current = metadata.currentSnapshot();
    return current != null
        && SnapshotUtil.isAncestorOf(current.snapshotId(), ancestor, metadata::snapshot);
  }

  /**
   * The last snapshot of Firn's: the one that this daemon made, or found to hold the same rows, or
   * that the table names.
   */
  OptionalLong lastSnapshotId() {
    return ourSnapshotId.isPresent() ? ourSnapshotId : Marks.snapshotId(metadata.properties());
  }

  TableOperations real() {
    return real;
  }

  TableMetadata metadata() {
    return metadata;
  }

  /** Operations pinned to what is known, whose files are noted as written for this commit. */
  PinnedOperations startStaging() {
    stagings++;
    if (!noting.isOver(real.io())) {
      noting = new NotingFileIO(real.io(), written);
    }
    return new PinnedOperations(real, metadata, noting);
  }

  void noteWritten(String location) {
    written.add(location);
  }

  void attempted(StagedTable attempt) {
    attempts.add(attempt);
  }

  /** The attempt of the commit under way that is in the table as it was read back. */
  Optional<StagedTable> landed() {
    OptionalLong named = Marks.snapshotId(metadata.properties());
    return attempts.stream()
        .filter(attempt ->
            metadata.snapshot(attempt.snapshotId()) != null
                || (named.isPresent() && named.getAsLong() == attempt.snapshotId()))
        .findFirst();
  }

  /**
   * An attempt is in the catalog. The table is known as that attempt left it, even where others
   * have committed on top already: those come with the next reload.
   *
   * @param newest whether the next commit can be staged on it without another look
   */
  void moved(StagedTable attempt, boolean newest) {
    TableMetadata.Builder builder = TableMetadata.buildFrom(attempt.staged()).discardChanges();
    attempt.metadataLocation().ifPresent(builder::withMetadataLocation);
    metadata = builder.build();
    table = view(metadata);
    ourSnapshotId = OptionalLong.of(attempt.snapshotId());
    behind = !newest;
    try {
      removeUnreferenced(attempt);
      // as Iceberg's own commit does for catalogs that leave metadata files to the client
      if (attempt.metadataLocation().isPresent()) {
        CatalogUtil.deleteRemovedMetadataFiles(real.io(), attempt.base(), attempt.staged());
      }
    } catch (RuntimeException e) {
      LOG.warn("table {}: files that are not referred to any more stay behind", id, e);
    } finally {
      attempts.clear();
      written.clear();
      stagings = 0;
    }
  }

  /**
   * Deletes what was written for this commit and the attempt that landed does not refer to. The
   * other attempts can land no more, even where their answer is still out: each was conditional on
   * the pointer that has moved since.
   */
  private void removeUnreferenced(StagedTable landed) {
    if (stagings == 1 && !landed.mayHaveSpareFiles()) {
      return;
    }
    Snapshot snapshot = landed.staged().snapshot(landed.snapshotId());
    Set<String> files = new HashSet<>(written);
    files.remove(snapshot.manifestListLocation());
    landed.metadataLocation().ifPresent(files::remove);
    for (ManifestFile manifest : snapshot.allManifests(real.io())) {
      files.remove(manifest.path());
    }
    CatalogUtil.deleteFiles(real.io(), files, "unreferenced");
  }

  private Table view(TableMetadata at) {
    return new BaseTable(new PinnedOperations(real, at, real.io()), id.toString(), report -> {});
  }
}
