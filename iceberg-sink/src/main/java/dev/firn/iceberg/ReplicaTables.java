package dev.firn.iceberg;

import dev.firn.change.fault.Failpoint;
import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.FirnException.Kind;
import dev.firn.change.position.Frontier;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.TableSettings;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import dev.firn.iceberg.commit.KnownTable;
import dev.firn.iceberg.commit.Marks;
import dev.firn.iceberg.commit.ReplicaCommits;
import dev.firn.iceberg.control.ControlTable;
import dev.firn.iceberg.control.Fence;
import dev.firn.iceberg.schema.IcebergTables;
import dev.firn.iceberg.schema.TableDescription;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables of a replica: found or made, fenced, and known by name. What the control table does
 * not know of yet is told by {@link #unrecorded}. Not thread-safe.
 */
final class ReplicaTables {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaTables.class);

  private final ReplicaCatalog catalog;
  private final int formatVersion;
  private final ReplicaCommits commits;
  private final ControlTable control;
  private final String daemon;
  private final long epoch;
  private final Map<TableId, ReplicatedTable> tables = new TreeMap<>();
  private final Map<TableId, String> unrecorded = new HashMap<>();

  /** None yet; the epoch is claimed in the control table. */
  ReplicaTables(
      ReplicaCatalog catalog,
      int formatVersion,
      ReplicaCommits commits,
      ControlTable control,
      String daemon) {
    this.catalog = catalog;
    this.formatVersion = formatVersion;
    this.commits = commits;
    this.control = control;
    this.daemon = daemon;
    this.epoch = control.marks().epoch();
  }

  /** Fences every table that the control table names, and only then reads where they stand. */
  void open() throws InterruptedException {
    Map<TableId, KnownTable> present = new TreeMap<>();
    Map<TableId, KnownTable> anew = new TreeMap<>(); // to be loaded again
    control
        .tables()
        .forEach((id, uuid) -> {
          Optional<KnownTable> known = KnownTable.load(catalog, IcebergTables.identifier(id));
          if (known.isEmpty()) {
            LOG.warn("table {}: its Iceberg table is gone; it will be loaded again", id);
            return;
          }
          requireAsLeft(control, id, known.get(), uuid);
          if (known.get().uuid().equals(uuid)) {
            (isAsItWasBefore(id, known.get()) ? anew : present).put(id, known.get());
          } else {
            // dropped, and made anew by a daemon that ended before it could record that
            anew.put(id, known.get());
            unrecorded.put(id, known.get().uuid());
          }
        });
    Fence.put(commits, present.values(), anew.values(), epoch, daemon);
    Failpoint.TABLES_FENCED.reached();
    present.putAll(anew);
    present.forEach((id, known) -> tables.put(id, new ReplicatedTable(id, known)));
  }

  /** Whether others registered it again at a metadata file that it has left behind. */
  private boolean isAsItWasBefore(TableId id, KnownTable known) {
    Marks marks = known.marks();
    long last = control.lastCheckpoint(id);
    boolean loaded = marks.frontier().filter(f -> !(f instanceof Frontier.NotLoaded)).isPresent();
    if (!loaded || marks.checkpoint() >= last) {
      return false;
    }
    LOG.warn(
        "table {}: others set it back to where it was at checkpoint {}, before checkpoint {}; it is"
            + " loaded again",
        id,
        marks.checkpoint(),
        last);
    return true;
  }

  private static boolean isOurs(ControlTable control, KnownTable known) {
    return control.replicaId().equals(known.properties().get(Marks.REPLICA));
  }

  /**
   * Refuses a table that is not the one that Firn made.
   *
   * @param uuid what the control table knows it by
   */
  static void requireAsLeft(ControlTable control, TableId id, KnownTable known, String uuid) {
    if (!known.uuid().equals(uuid) && !isOurs(control, known)) {
      throw new FirnException(
          Kind.REPLICA_UNFIT,
          "Iceberg table "
              + known.id()
              + " is not the one that Firn made: its UUID is "
              + known.uuid()
              + ", Firn's was "
              + uuid,
          "drop or rename it; Firn then makes its own and loads " + id + " again");
    }
  }

  Collection<ReplicatedTable> all() {
    return Collections.unmodifiableCollection(tables.values());
  }

  @Nullable ReplicatedTable get(TableId id) {
    return tables.get(id);
  }

  /** The UUIDs of those that the control table does not know, or knows under another UUID. */
  Map<TableId, String> unrecorded() {
    return Collections.unmodifiableMap(unrecorded);
  }

  /** The control table knows them all. */
  void recorded() {
    unrecorded.clear();
  }

  /**
   * Makes a table ready for its load or its changes; creates it where it is missing.
   *
   * @throws FirnException as {@link IcebergReplica#ensureTable}
   */
  ReplicatedTable ensure(TableSchema schema, TableSettings settings) throws InterruptedException {
    ReplicatedTable table = tables.get(schema.id());
    if (table == null) {
      table = findOrCreate(schema, settings);
    }
    requireFit(table.known(), schema, settings, formatVersion);
    String loadedId = table.known().properties().get(IcebergTables.SOURCE_ID_PROPERTY);
    String sourceId = IcebergTables.sourceId(schema);
    if (table.isLoaded() && loadedId != null && !loadedId.equals(sourceId)) {
      LOG.warn(
          "table {} was made anew at the source, or left the publication and came back, so that"
              + " changes are missing (its id was {} and is {}); it is loaded again",
          schema.id(),
          loadedId,
          sourceId);
      table.isAnotherAtTheSource();
    }
    table.ready(schema);
    return table;
  }

  private ReplicatedTable findOrCreate(TableSchema schema, TableSettings settings)
      throws InterruptedException {
    TableIdentifier identifier = IcebergTables.identifier(schema.id());
    Optional<KnownTable> found = KnownTable.load(catalog, identifier);
    boolean made = false;
    if (found.isEmpty()) {
      made = create(identifier, IcebergTables.describe(schema, settings, formatVersion));
      found = KnownTable.load(catalog, identifier);
    }
    KnownTable known =
        found.orElseThrow(
            () -> new IllegalStateException("Iceberg table " + identifier + " is not there"));
    requireMember(Optional.of(control), known);
    if (!made) {
      // by a daemon that ended before it could record the table, or that has not ended yet
      Fence.put(commits, List.of(), List.of(known), epoch, daemon);
    }
    unrecorded.put(schema.id(), known.uuid());
    ReplicatedTable table = new ReplicatedTable(schema.id(), known);
    tables.put(schema.id(), table);
    return table;
  }

  /** Refuses a table that the control table does not know, and that another than Firn made. */
  static void requireMember(Optional<ControlTable> control, KnownTable known) {
    if (control.stream().noneMatch(replica -> isOurs(replica, known))) {
      throw new FirnException(
          Kind.REPLICA_UNFIT,
          "Iceberg table " + known.id() + " exists and does not belong to this replica",
          "drop or rename it, so that Firn can make its own, or use another warehouse or catalog");
    }
  }

  /** Makes a table; false where one of that name was made meanwhile. */
  private boolean create(TableIdentifier identifier, TableDescription description) {
    catalog.ensureNamespace(identifier.namespace());
    Map<String, String> properties = new HashMap<>(description.properties());
    properties.put(Marks.REPLICA, control.replicaId());
    properties.put(Marks.EPOCH, Long.toString(epoch));
    properties.put(Marks.DAEMON, daemon);
    try {
      Table ignored =
          catalog
              .catalog()
              .buildTable(identifier, description.schema())
              .withPartitionSpec(description.spec())
              .withSortOrder(description.sortOrder())
              .withProperties(properties)
              .create();
      Failpoint.TABLE_MADE.reached();
      return true;
    } catch (AlreadyExistsException e) {
      LOG.info("Iceberg table {} was there already", identifier);
      return false;
    }
  }

  /**
   * Refuses a table that changes of the source table cannot be written into.
   *
   * @throws FirnException as {@link IcebergReplica#ensureTable}
   */
  static void requireFit(
      KnownTable known, TableSchema schema, TableSettings settings, int formatVersion) {
    requireReadable(known, formatVersion);
    IcebergTables.requireSameShape(known.table(), schema);
    IcebergTables.requireSameLayout(known.table(), schema.id(), settings);
  }

  private static void requireReadable(KnownTable known, int formatVersion) {
    int version = ((HasTableOperations) known.table()).operations().current().formatVersion();
    if (version > formatVersion) {
      throw new FirnException(
          Kind.CONFIGURATION,
          "Iceberg table "
              + known.id()
              + " has format version "
              + version
              + ", and the readers named in replicate.readers read up to "
              + formatVersion,
          "take the reader that cannot read it out of replicate.readers, or drop the table so that"
              + " Firn makes it anew");
    }
  }
}
