package dev.firn.iceberg.control;

import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.FirnException.Kind;
import dev.firn.change.table.TableId;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import dev.firn.iceberg.commit.KnownTable;
import dev.firn.iceberg.commit.Marks;
import dev.firn.iceberg.commit.ReplicaCommits;
import dev.firn.iceberg.commit.TableChange;
import dev.firn.iceberg.commit.TableCommitPart;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.types.Types;

/**
 * The Iceberg table {@code firn.firn_replica}, which holds the replica's state. Each checkpoint is
 * a snapshot of it whose summary carries epoch, checkpoint and position. Its properties carry the
 * same, the source's identity, and of each table of the replica the UUID and the last checkpoint.
 * Its rows tell people where each table stands.
 */
public final class ControlTable {
  /** Its name in the catalog. */
  public static final TableIdentifier ID = TableIdentifier.of(Namespace.of("firn"), "firn_replica");

  /** Summary entry and property: when the source committed the last change, microseconds. */
  public static final String SOURCE_COMMIT_MICROS = "firn.source-commit-micros";

  /**
   * Summary entry and property: whether readers may pin all tables to this checkpoint. Not so while
   * tables are ahead of it, after a crash between two tables' commits or a load.
   */
  public static final String COMPLETED = "firn.completed";

  private static final String SOURCE = "firn.source";
  private static final String TABLE_PREFIX = "firn.table.";
  private static final String LAST_PREFIX = "firn.last-checkpoint.";

  static final Schema SCHEMA =
      new Schema(
          Types.NestedField.required(1, "source_schema", Types.StringType.get()),
          Types.NestedField.required(2, "source_table", Types.StringType.get()),
          Types.NestedField.required(3, "loaded", Types.BooleanType.get()),
          Types.NestedField.required(4, "checkpoint", Types.LongType.get()),
          Types.NestedField.optional(5, "position", Types.StringType.get()),
          Types.NestedField.optional(6, "source_commit_time", Types.TimestampType.withZone()),
          Types.NestedField.required(7, "written_at", Types.TimestampType.withZone()),
          Types.NestedField.optional(8, "fresh_as_of", Types.TimestampType.withZone()));

  private final KnownTable table;

  private ControlTable(KnownTable table) {
    this.table = table;
  }

  /** Opens the replica's control table, and makes it where the replica is new. */
  public static ControlTable open(ReplicaCatalog catalog, int formatVersion) {
    Optional<KnownTable> known = KnownTable.load(catalog, ID);
    if (known.isEmpty()) {
      create(catalog, formatVersion);
      known = KnownTable.load(catalog, ID);
    }
    return new ControlTable(
        known.orElseThrow(() ->
            new FirnException(
                Kind.REPLICA_UNFIT,
                "Iceberg table " + ID + " was made and is not there",
                "see whether something else drops tables in the catalog")));
  }

  /** Opens the replica's control table where there is one, to be read. */
  public static Optional<ControlTable> find(ReplicaCatalog catalog) {
    return KnownTable.load(catalog, ID).map(ControlTable::new);
  }

  private static void create(ReplicaCatalog catalog, int formatVersion) {
    catalog.ensureNamespace(ID.namespace());
    try {
      catalog
          .catalog()
          .createTable(
              ID,
              SCHEMA,
              PartitionSpec.unpartitioned(),
              Map.of(
                  TableProperties.FORMAT_VERSION,
                  Integer.toString(formatVersion),
                  TableProperties.METADATA_DELETE_AFTER_COMMIT_ENABLED,
                  "true",
                  TableProperties.METADATA_PREVIOUS_VERSIONS_MAX,
                  "20"));
    } catch (AlreadyExistsException e) {
      // another daemon made it at the same moment; who of both goes on, the claim decides
      if (KnownTable.load(catalog, ID).isEmpty()) {
        throw e;
      }
    }
  }

  /**
   * Takes the replica over: from here on commits of former daemons fail once the tables are fenced.
   *
   * @param daemon the name of this opening
   * @param tenure of this process
   * @return the new epoch
   * @throws FirnException of kind FENCED where this process had the replica, and another one has
   *     taken it over since
   */
  public long claim(ReplicaCommits commits, String daemon, Tenure tenure)
      throws InterruptedException {
    commits.commit("claiming the replica", List.of(new Claim(table, daemon, tenure)));
    tenure.claimed();
    return table.marks().epoch();
  }

  /** Its Iceberg UUID: the replica's identity. */
  public String replicaId() {
    return table.uuid();
  }

  /** The table itself. */
  public KnownTable table() {
    return table;
  }

  /** Epoch, checkpoint and position. */
  public Marks marks() {
    return table.marks();
  }

  /** What was recorded of the source's identity; empty before the first time. */
  public Optional<String> source() {
    return Optional.ofNullable(table.properties().get(SOURCE));
  }

  /** When the source committed the last change recorded, microseconds since 1970; 0 for none. */
  public long sourceCommitMicros() {
    return Long.parseLong(table.properties().getOrDefault(SOURCE_COMMIT_MICROS, "0"));
  }

  /** The UUIDs of the replica's tables. */
  public Map<TableId, String> tables() {
    Map<TableId, String> tables = new TreeMap<>();
    table
        .properties()
        .forEach((name, uuid) -> {
          if (name.startsWith(TABLE_PREFIX)) {
            tables.put(tableId(name.substring(TABLE_PREFIX.length())), uuid);
          }
        });
    return tables;
  }

  /** The last checkpoint that changed a table; 0 where none is recorded. */
  public long lastCheckpoint(TableId id) {
    return Long.parseLong(table.properties().getOrDefault(LAST_PREFIX + text(id), "0"));
  }

  private static String text(TableId id) {
    return encode(id.schema()) + "." + encode(id.name());
  }

  private static TableId tableId(String text) {
    int dot = text.indexOf('.');
    return new TableId(
        URLDecoder.decode(text.substring(0, dot), StandardCharsets.UTF_8),
        URLDecoder.decode(text.substring(dot + 1), StandardCharsets.UTF_8));
  }

  private static String encode(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace(".", "%2E");
  }

  /**
   * What a checkpoint records.
   *
   * @param marks epoch, checkpoint and position
   * @param completed whether readers may pin tables to it
   * @param sourceCommitMicros when the source committed the last change before the position
   * @param source the source's identity
   * @param tables the UUIDs of tables that joined, or joined anew
   * @param changed the tables whose changes are committed together with this
   * @param rows the rows for people, or empty where they stay as they are
   */
  public record Entry(
      Marks marks,
      boolean completed,
      long sourceCommitMicros,
      Optional<String> source,
      Map<TableId, String> tables,
      Set<TableId> changed,
      Optional<List<TableStatus>> rows) {
    public Entry {
      tables = Map.copyOf(tables);
      changed = Set.copyOf(changed);
      rows = rows.map(List::copyOf);
    }
  }

  /**
   * The control table's share of a checkpoint.
   *
   * @param writtenAtMicros now, microseconds since 1970 UTC
   */
  public TableCommitPart part(Entry entry, long writtenAtMicros) {
    return new CheckpointPart(table, entry, writtenAtMicros);
  }

  private record Claim(KnownTable table, String daemon, Tenure tenure) implements TableCommitPart {
    @Override
    public Marks marks() {
      Marks now = table.marks();
      if (!tenure.mayClaimFrom(now.daemon())) {
        throw new FirnException(
            FirnException.Kind.FENCED,
            "another Firn daemon took the replica over: it has epoch "
                + now.epoch()
                + " since this one lost its connections",
            "let only one daemon write to this replica; this one has stopped and changed nothing"
                + " since");
      }
      long epoch = now.daemon().equals(daemon) ? now.epoch() : now.epoch() + 1;
      return new Marks(epoch, daemon, now.checkpoint(), now.position(), now.frontier());
    }

    @Override
    public Map<String, String> summary() {
      Map<String, String> summary = new TreeMap<>();
      for (String name : List.of(COMPLETED, SOURCE_COMMIT_MICROS)) {
        String value = table.properties().get(name);
        if (value != null) {
          summary.put(name, value);
        }
      }
      return summary;
    }

    @Override
    public TableChange changeOn(Table current) {
      return new TableChange.Nothing();
    }

    @Override
    public void committed(Table committed) {}
  }

  private static final class CheckpointPart implements TableCommitPart {
    private final KnownTable table;
    private final Entry entry;
    private final long writtenAtMicros;
    private Optional<TableChange> change = Optional.empty();

    CheckpointPart(KnownTable table, Entry entry, long writtenAtMicros) {
      this.table = table;
      this.entry = entry;
      this.writtenAtMicros = writtenAtMicros;
    }

    @Override
    public KnownTable table() {
      return table;
    }

    @Override
    public Marks marks() {
      return entry.marks();
    }

    @Override
    public Map<String, String> summary() {
      return Map.of(
          COMPLETED,
          Boolean.toString(entry.completed()),
          SOURCE_COMMIT_MICROS,
          Long.toString(entry.sourceCommitMicros()));
    }

    @Override
    public Map<String, String> properties() {
      Map<String, String> properties = new TreeMap<>(summary());
      entry.source().ifPresent(source -> properties.put(SOURCE, source));
      entry.tables().forEach((id, uuid) -> properties.put(TABLE_PREFIX + text(id), uuid));
      String checkpoint = Long.toString(entry.marks().checkpoint());
      entry.changed().forEach(id -> properties.put(LAST_PREFIX + text(id), checkpoint));
      return properties;
    }

    @Override
    public TableChange changeOn(Table current) {
      if (change.isEmpty()) {
        change =
            Optional.of(
                entry
                    .rows()
                    .<TableChange>map(rows ->
                        new TableChange.Replacement(
                            StatusRows.write(
                                current, rows, entry.sourceCommitMicros(), writtenAtMicros)))
                    .orElseGet(TableChange.Nothing::new));
      }
      return change.get();
    }

    @Override
    public void committed(Table committed) {}
  }
}
