package dev.firn.iceberg.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.PipelineEvent.TableWritten;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Frontier;
import dev.firn.change.position.PostgresPosition;
import dev.firn.change.position.TransactionSnapshot;
import dev.firn.change.table.TableId;
import dev.firn.config.CatalogConfig;
import dev.firn.iceberg.Warehouse;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import dev.firn.iceberg.control.ControlTable;
import dev.firn.iceberg.control.Fence;
import dev.firn.iceberg.control.Tenure;
import dev.firn.iceberg.write.TableDelta;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DeleteFile;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.types.Types;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every catalog must keep, whatever it can do. */
abstract class CommitContract {
  private static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "id", Types.LongType.get()),
          Types.NestedField.required(2, "value", Types.LongType.get()));
  static final TableIdentifier A = TableIdentifier.of("public", "a");
  static final TableIdentifier B = TableIdentifier.of("public", "b");

  @TempDir Path folder;
  Warehouse warehouse;
  private final List<ReplicaCatalog> opened = new ArrayList<>();

  /** The catalog; every call is of the same one. */
  abstract CatalogConfig config() throws Exception;

  @BeforeEach
  final void startWarehouse() throws IOException {
    warehouse = new Warehouse(folder, bucketPort());
  }

  /** Where the bucket's server is to listen. */
  int bucketPort() {
    return 0;
  }

  @AfterEach
  final void stopWarehouse() throws IOException {
    opened.forEach(ReplicaCatalog::close);
    warehouse.close();
  }

  /** A daemon with its own view of the catalog, that has taken the replica over. */
  final class Daemon {
    final ReplicaCatalog catalog;
    final ReplicaCommits commits;
    final ControlTable control;
    final String name;
    final long epoch;
    final KnownTable a;
    final KnownTable b;
    long checkpoint;

    Daemon(String name, int formatVersion) throws Exception {
      this.name = name;
      catalog = ReplicaCatalog.open(config());
      opened.add(catalog);
      commits = new ReplicaCommits(catalog);
      control = ControlTable.open(catalog, formatVersion);
      epoch = control.claim(commits, name, new Tenure());
      a = table(A, formatVersion);
      b = table(B, formatVersion);
      Fence.put(commits, List.of(a, b), List.of(), epoch, name);
      checkpoint = control.marks().checkpoint();
    }

    private KnownTable table(TableIdentifier id, int formatVersion) {
      catalog.ensureNamespace(Namespace.of("public"));
      if (!catalog.catalog().tableExists(id)) {
        catalog
            .catalog()
            .createTable(
                id,
                SCHEMA,
                PartitionSpec.unpartitioned(),
                Map.of(
                    "format-version",
                    Integer.toString(formatVersion),
                    "write.metadata.delete-after-commit.enabled",
                    "true"));
      }
      return KnownTable.load(catalog, id).orElseThrow();
    }

    Marks marks(long id, Optional<Frontier> frontier) {
      return new Marks(epoch, name, id, Optional.of(PostgresPosition.at(id * 100, id)), frontier);
    }

    /** Looks what others did to the tables. */
    void look() throws Exception {
      Optional<Frontier> frontier =
          Optional.of(new Frontier.LoadedAt(TransactionSnapshot.parse("1:1:")));
      commits.followOthers(Map.of(a, marks(checkpoint, frontier), b, marks(checkpoint, frontier)));
    }

    /** One checkpoint of these changes. */
    void commit(Change... changes) throws InterruptedException {
      long id = checkpoint + 1;
      List<TableCommitPart> parts = new ArrayList<>();
      for (Change change : changes) {
        change.marks =
            marks(id, Optional.of(new Frontier.LoadedAt(TransactionSnapshot.parse("1:1:"))));
        parts.add(change);
      }
      parts.add(
          control.part(
              new ControlTable.Entry(
                  marks(id, Optional.empty()),
                  true,
                  id,
                  Optional.empty(),
                  Map.of(new TableId("public", "a"), a.uuid()),
                  Set.of(),
                  Optional.empty()),
              id));
      commits.commit("checkpoint " + id, parts);
      checkpoint = id;
    }
  }

  /** Inserts rows, and deletes rows by where they are in the snapshot that is current. */
  static final class Change implements TableCommitPart {
    private final KnownTable table;
    private final long[] inserts;
    private final long[] deletedIds;
    private final Runnable afterLookUp;
    private Marks marks = Marks.NONE;
    private OptionalLong lookedUpIn = OptionalLong.empty();
    private Optional<TableDelta> delta = Optional.empty();
    int lookUps;

    Change(KnownTable table, long[] inserts, long[] deletedIds, Runnable afterFirstLookUp) {
      this.table = table;
      this.inserts = inserts;
      this.deletedIds = deletedIds;
      this.afterLookUp = afterFirstLookUp;
    }

    static Change insert(KnownTable table, long... idsAndValues) {
      return new Change(table, idsAndValues, new long[0], () -> {});
    }

    @Override
    public KnownTable table() {
      return table;
    }

    @Override
    public Marks marks() {
      return marks;
    }

    @Override
    public TableChange changeOn(Table current) {
      if (delta.isEmpty() || !lookedUpIn.equals(table.snapshotId())) {
        lookedUpIn = table.snapshotId();
        delta = Optional.of(lookUp(current, delta.map(TableDelta::addedDataFiles)));
        if (lookUps++ == 0) {
          afterLookUp.run();
        }
      }
      return new TableChange.Delta(delta.get());
    }

    private TableDelta lookUp(Table current, Optional<List<DataFile>> written) {
      try {
        List<DataFile> added =
            written.orElse(
                inserts.length == 0 ? List.of() : List.of(Warehouse.dataFile(current, inserts)));
        List<DeleteFile> deletes = new ArrayList<>();
        Set<String> referenced = new HashSet<>();
        for (long id : deletedIds) {
          Warehouse.RowPlace place = Warehouse.find(current, id);
          deletes.add(Warehouse.delete(current, place.file(), place.position()));
          referenced.add(place.file());
        }
        return new TableDelta(
            table.snapshotId(),
            added,
            deletes,
            List.of(),
            List.of(),
            referenced,
            new TableWritten(
                new TableId("public", table.id().name()), 0, 0, 0, 0, added.size(), 0, 0));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void committed(Table committed) {
      assertThat(committed.currentSnapshot().summary())
          .containsEntry(Marks.CHECKPOINT, Long.toString(marks.checkpoint()));
    }
  }

  /** The table as somebody else sees it. */
  final Table fresh(TableIdentifier id) throws Exception {
    ReplicaCatalog catalog = ReplicaCatalog.open(config());
    opened.add(catalog);
    return catalog.catalog().loadTable(id);
  }

  /** Every file of the table's current snapshot in one new file, as a compaction would. */
  final void compact(TableIdentifier id) {
    try {
      Table table = fresh(id);
      List<String> rows = Warehouse.rows(table);
      long[] values =
          rows.stream()
              .flatMap(row -> java.util.Arrays.stream(row.split("=")))
              .mapToLong(Long::parseLong)
              .toArray();
      DataFile merged = Warehouse.dataFile(table, values);
      Set<DataFile> old = new HashSet<>();
      Set<DeleteFile> deletes = new HashSet<>();
      try (var tasks = table.newScan().planFiles()) {
        tasks.forEach(task -> {
          old.add(task.file());
          deletes.addAll(task.deletes());
        });
      }
      var rewrite = table.newRewrite().validateFromSnapshot(table.currentSnapshot().snapshotId());
      old.forEach(rewrite::deleteFile);
      deletes.forEach(rewrite::deleteFile);
      rewrite.addFile(merged).commit();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** The files that a table refers to, by its present and its past. */
  Set<String> referenced(TableIdentifier id) throws Exception {
    return Warehouse.referenced(fresh(id));
  }

  final void assertNothingLeftBehind() throws Exception {
    Set<String> referenced = new HashSet<>();
    for (TableIdentifier id : List.of(A, B, ControlTable.ID)) {
      referenced.addAll(referenced(id));
    }
    assertThat(referenced).containsAll(warehouse.files());
    assertThat(warehouse.files()).containsAll(referenced);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void everyTableOfACheckpointCarriesItsMarksInSummaryAndProperties(int format) throws Exception {
    Daemon daemon = new Daemon("one", format);
    daemon.commit(Change.insert(daemon.a, 1, 10), Change.insert(daemon.b, 2, 20));

    for (TableIdentifier id : List.of(A, B, ControlTable.ID)) {
      Table table = fresh(id);
      Map<String, String> expected =
          Map.of(
              "firn.epoch", "1",
              "firn.checkpoint", "1",
              "firn.position", "pg:0/64:1",
              "firn.daemon", "one");
      assertThat(table.currentSnapshot().summary()).containsAllEntriesOf(expected);
      assertThat(table.properties()).containsAllEntriesOf(expected);
      assertThat(table.properties())
          .containsEntry("firn.snapshot", Long.toString(table.currentSnapshot().snapshotId()))
          .containsEntry(
              "firn.sequence-number", Long.toString(table.currentSnapshot().sequenceNumber()));
    }
    assertThat(fresh(A).properties()).containsEntry("firn.frontier", "all@1:1:");
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10");
    assertThat(Warehouse.rows(fresh(B))).containsExactly("2=20");
    assertNothingLeftBehind();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void aCompactionBetweenLookUpAndCommitBringsNoOldRowBack(int format) throws Exception {
    Daemon daemon = new Daemon("one", format);
    daemon.commit(Change.insert(daemon.a, 1, 10, 2, 20));
    daemon.commit(Change.insert(daemon.a, 3, 30));

    Change update = new Change(daemon.a, new long[] {2, 21}, new long[] {2}, () -> compact(A));
    daemon.commit(update, Change.insert(daemon.b, 7, 70));

    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10", "2=21", "3=30");
    assertThat(Warehouse.rows(fresh(B))).containsExactly("7=70");
    assertThat(update.lookUps).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void commitsOfOthersBetweenTwoCheckpointsAreBuiltUpon(int format) throws Exception {
    Daemon daemon = new Daemon("one", format);
    daemon.commit(Change.insert(daemon.a, 1, 10, 2, 20));
    compact(A);
    daemon.commit(new Change(daemon.a, new long[] {1, 11}, new long[] {1}, () -> {}));
    daemon.commit(Change.insert(daemon.a, 3, 30));

    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=11", "2=20", "3=30");
  }

  ReplicaCatalog other() throws Exception {
    ReplicaCatalog other = ReplicaCatalog.open(config());
    opened.add(other);
    return other;
  }

  static void assertUnfit(ThrowableAssert.ThrowingCallable call, String message) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(FirnException.Kind.REPLICA_UNFIT);
              assertThat(e).hasMessageContaining(message);
            });
  }

  @Test
  void theFormerDaemonIsRefusedWithWhatItLookedUpBefore() throws Exception {
    Daemon former = new Daemon("one", 3);
    former.commit(Change.insert(former.a, 1, 10), Change.insert(former.b, 1, 10));
    Daemon later = new Daemon("two", 3);

    assertFenced(() -> former.commit(Change.insert(former.a, 2, 20)));
    assertFenced(() -> former.commit());
    later.commit(Change.insert(later.b, 2, 20));
    assertFenced(() -> former.commit(Change.insert(former.b, 3, 30)));

    assertThat(later.epoch).isEqualTo(former.epoch + 1);
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10");
    assertThat(Warehouse.rows(fresh(B))).containsExactly("1=10", "2=20");
  }

  @Test
  void theFormerDaemonIsRefusedWhereItIsOvertakenInMidCommit() throws Exception {
    Daemon former = new Daemon("one", 3);
    former.commit(Change.insert(former.a, 1, 10), Change.insert(former.b, 1, 10));
    List<Daemon> later = new ArrayList<>();

    Change interrupted =
        new Change(
            former.b,
            new long[] {2, 20},
            new long[0],
            () -> {
              try {
                later.add(new Daemon("two", 3));
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    assertFenced(() -> former.commit(Change.insert(former.a, 2, 20), interrupted));

    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10");
    assertThat(Warehouse.rows(fresh(B))).containsExactly("1=10");
    later.getFirst().commit(Change.insert(later.getFirst().a, 3, 30));
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10", "3=30");
  }

  @Test
  void anotherTableOfTheSameNameIsRefused() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    daemon.commit(Change.insert(daemon.a, 1, 10));
    ReplicaCatalog other = other();
    other.catalog().dropTable(A, false);
    other.catalog().createTable(A, SCHEMA);

    assertThatThrownBy(() -> daemon.commit(Change.insert(daemon.a, 2, 20)))
        .isInstanceOf(LostTableException.class)
        .hasMessageContaining("another table");
    other.catalog().dropTable(A, false);
    assertThatThrownBy(() -> daemon.commit(Change.insert(daemon.a, 2, 20)))
        .isInstanceOf(LostTableException.class)
        .hasMessageContaining("was dropped");
  }

  static void assertFenced(ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(FirnException.Kind.FENCED);
              assertThat(e).hasMessageContaining("another Firn daemon");
            });
  }
}
