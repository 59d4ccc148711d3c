package dev.firn.cdc.postgres;

import dev.firn.cdc.connect.PostgresConnections;
import dev.firn.cdc.postgres.PostgresTypes.Mapping;
import dev.firn.cdc.postgres.PostgresTypes.PgType;
import dev.firn.change.table.Column;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.FirnConfig;
import dev.firn.config.PartitionField;
import dev.firn.config.SortField;
import dev.firn.config.TablePattern;
import dev.firn.config.TableSettings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads the source's catalog: which tables the config speaks of, in which shape each is, and why
 * some cannot be mirrored. One read shows one state of the catalog.
 */
public final class SourceCatalog {
  /** The schema that Firn keeps for its own functions in the source. */
  static final String OWN_SCHEMA = "firn";

  private static final String RELATIONS =
      """
      SELECT c.oid::bigint, n.nspname, c.relname, c.relkind::text, c.relpersistence::text,
             c.relreplident::text,
             CASE WHEN c.relispartition
                  THEN (SELECT i.inhparent::bigint FROM pg_inherits i WHERE i.inhrelid = c.oid)
             END AS parent,
             coalesce(r.oid, 0)::bigint AS membership
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_publication p ON p.pubname = ?
        LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
       WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
         AND NOT starts_with(n.nspname::text, 'pg_')
         AND n.nspname <> 'information_schema'
       ORDER BY n.nspname, c.relname
      """;

  /** From PostgreSQL 18 on a NOT NULL may be not yet valid for old rows. */
  private static final String COLUMNS =
      """
      SELECT a.attrelid::bigint, a.attnum, a.attname, a.atttypid::bigint, a.atttypmod,
             format_type(a.atttypid, a.atttypmod) AS printed,
             a.attgenerated <> '' AS generated,
             a.attnotnull
               AND NOT EXISTS (
                 SELECT FROM pg_constraint k
                  WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated
                    AND a.attnum = ANY (k.conkey)) AS required
        FROM pg_attribute a
       WHERE a.attrelid = ANY (?::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
       ORDER BY a.attrelid, a.attnum
      """;

  private static final String INDEXES =
      """
      SELECT x.indrelid::bigint, x.indisprimary, x.indisreplident, x.indimmediate,
             (SELECT array_agg(key.attnum::int ORDER BY key.place)
                FROM unnest(x.indkey::int2[]) WITH ORDINALITY key(attnum, place)
               WHERE key.place <= x.indnkeyatts) AS keys
        FROM pg_index x
       WHERE x.indrelid = ANY (?::oid[])
         AND x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL
       ORDER BY x.indrelid, x.indexrelid
      """;

  private static final String TYPES =
      """
      WITH RECURSIVE used (id) AS (
        SELECT a.atttypid FROM pg_attribute a
         WHERE a.attrelid = ANY (?::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
        UNION
        SELECT part.id
          FROM used
          JOIN pg_type t ON t.oid = used.id
         CROSS JOIN LATERAL (VALUES (t.typelem), (t.typbasetype)) part (id)
         WHERE part.id <> 0)
      SELECT t.oid::bigint, t.typname, t.typtype::text, t.typcategory::text, t.typelem::bigint,
             t.typbasetype::bigint, t.typtypmod
        FROM used JOIN pg_type t ON t.oid = used.id
      """;

  private record Relation(
      long oid,
      TableId id,
      char kind,
      char persistence,
      char identity,
      @Nullable Long parent,
      long membership) {}

  private record Attribute(
      int number,
      String name,
      long type,
      int modifier,
      String printed,
      boolean generated,
      boolean required) {}

  /** A unique, valid index over plain columns of the whole table. */
  private record UniqueIndex(
      boolean primary, boolean identity, boolean immediate, List<Integer> numbers) {}

  private record Facts(
      Map<Long, List<Attribute>> columns,
      Map<Long, List<UniqueIndex>> indexes,
      PostgresTypes types) {
    List<Attribute> columnsOf(long oid) {
      return columns.getOrDefault(oid, List.of());
    }

    List<UniqueIndex> indexesOf(long oid) {
      return indexes.getOrDefault(oid, List.of());
    }
  }

  private final PostgresConnections connections;
  private final FirnConfig config;

  /** A reader of the tables that the config's rules match. */
  public SourceCatalog(PostgresConnections connections, FirnConfig config) {
    this.connections = connections;
    this.config = config;
  }

  /**
   * The tables as they are now.
   *
   * @throws dev.firn.change.fault.FirnException where the source cannot be read
   */
  public SourceTables read() {
    try (Connection connection = connections.open("catalog")) {
      return read(connection);
    } catch (SQLException e) {
      throw connections.failure("reading the catalog", e);
    }
  }

  /** The tables as they are now, read in a transaction of its own. */
  SourceTables read(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
      // Types print with their schema, whatever the login's own path is.
      statement.execute("SET LOCAL search_path = pg_catalog");
      return judge(connection);
    } finally {
      connection.rollback();
      connection.setAutoCommit(true);
    }
  }

  private SourceTables judge(Connection connection) throws SQLException {
    Map<Long, Relation> relations = relations(connection, config.source().publication());
    Map<Long, List<Relation>> children = new HashMap<>();
    for (Relation relation : relations.values()) {
      if (relation.parent() != null) {
        children.computeIfAbsent(relation.parent(), p -> new ArrayList<>()).add(relation);
      }
    }
    Map<Long, TableSettings> matched = new HashMap<>();
    Set<Long> needed = new LinkedHashSet<>();
    for (Relation relation : relations.values()) {
      config
          .settingsFor(relation.id().schema(), relation.id().name())
          .ifPresent(settings -> {
            matched.put(relation.oid(), settings);
            needed.add(relation.oid());
            descendants(relation, children).forEach(d -> needed.add(d.oid()));
          });
    }
    Facts facts = facts(connection, needed);
    Map<TableId, SourceTable> tables = new TreeMap<>();
    for (Relation relation : relations.values()) {
      TableSettings settings = matched.get(relation.oid());
      if (settings != null) {
        judge(relation, settings, relations, matched.keySet(), children, facts)
            .ifPresent(table -> tables.put(table.id(), table));
      }
    }
    refuseNamesThatDifferByCase(tables);
    refuseMissing(relations, tables);
    return new SourceTables(List.copyOf(tables.values()));
  }

  private Optional<SourceTable> judge(
      Relation relation,
      TableSettings settings,
      Map<Long, Relation> relations,
      Set<Long> matched,
      Map<Long, List<Relation>> children,
      Facts facts) {
    boolean exact = isNamedExactly(relation.id());
    Optional<Relation> root = matchedAncestor(relation, relations, matched);
    if (root.isPresent()) {
      return exact
          ? Optional.of(
              refused(relation, true, List.of(new Refusal.PartOfMirrored(root.get().id()))))
          : Optional.empty();
    }
    if (relation.kind() == 'v' || relation.kind() == 'm') {
      String kind = relation.kind() == 'v' ? "a view" : "a materialized view";
      return exact
          ? Optional.of(refused(relation, true, List.of(new Refusal.NotATable(kind))))
          : Optional.empty();
    }
    if (relation.kind() == 'f') {
      return Optional.of(
          refused(relation, exact, List.of(new Refusal.NotATable("a foreign table"))));
    }
    if (relation.id().schema().equals(OWN_SCHEMA)) {
      return Optional.of(refused(relation, exact, List.of(new Refusal.ReservedSchema())));
    }
    List<Relation> leaves =
        descendants(relation, children).stream().filter(d -> d.kind() != 'p').toList();
    return Optional.of(judge(relation, settings, leaves, facts, exact));
  }

  private static SourceTable judge(
      Relation relation,
      TableSettings settings,
      List<Relation> leaves,
      Facts facts,
      boolean exact) {
    List<Refusal> reasons = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    if (relation.persistence() != 'p') {
      reasons.add(new Refusal.Unlogged(relation.id()));
    }
    for (Relation leaf : leaves) {
      if (leaf.kind() == 'f') {
        reasons.add(new Refusal.ForeignPartition(leaf.id()));
      } else if (leaf.persistence() != 'p') {
        reasons.add(new Refusal.Unlogged(leaf.id()));
      }
    }
    List<Attribute> attributes = facts.columnsOf(relation.oid());
    if (relation.kind() == 'p') {
      notes.add(
          "is partitioned: TRUNCATE of a single partition, and ATTACH or DETACH of one that has"
              + " rows, are not in PostgreSQL's log and do not reach the replica");
    }
    List<Column> columns = columns(attributes, facts.types(), reasons, notes);
    if (attributes.stream().allMatch(Attribute::generated)) {
      reasons.add(new Refusal.NoColumns());
    }
    refuseUnknownColumns(settings, attributes, reasons);
    List<Attribute> key = key(relation, settings, facts, reasons);
    if (!key.isEmpty()) {
      List<String> names = key.stream().map(Attribute::name).toList();
      refuseIdentity(relation, names, facts, reasons);
      leaves.stream()
          .filter(leaf -> leaf.kind() == 'r')
          .forEach(leaf -> refuseIdentity(leaf, names, facts, reasons));
    }
    if (!reasons.isEmpty()) {
      return refused(relation, exact, reasons);
    }
    List<Integer> numbers = columns.stream().map(Column::id).toList();
    return new SourceTable.Mirrored(
        new TableSchema(
            relation.id(),
            relation.oid(),
            relation.membership(),
            columns,
            key.stream().map(attribute -> numbers.indexOf(attribute.number())).toList()),
        settings,
        exact,
        relation.kind() == 'p',
        notes);
  }

  private static List<Column> columns(
      List<Attribute> attributes, PostgresTypes types, List<Refusal> reasons, List<String> notes) {
    List<Column> columns = new ArrayList<>();
    Map<String, String> lowerCase = new HashMap<>();
    for (Attribute attribute : attributes) {
      String twin = lowerCase.put(attribute.name().toLowerCase(Locale.ROOT), attribute.name());
      if (twin != null) {
        reasons.add(new Refusal.ColumnsDifferOnlyByCase(twin, attribute.name()));
      }
      if (attribute.generated()) {
        notes.add(
            "has the generated column "
                + attribute.name()
                + ", which PostgreSQL does not log: the replica leaves it out");
        continue;
      }
      if (types.isEnum(attribute.type())) {
        notes.add(
            "has the enum column "
                + attribute.name()
                + ": ALTER TYPE … RENAME VALUE is not in PostgreSQL's log, so rows that were"
                + " mirrored before it keep the former word");
      }
      switch (types.map(attribute.type(), attribute.modifier())) {
        case Mapping.Mapped mapped ->
            columns.add(
                new Column(
                    attribute.number(),
                    attribute.name(),
                    mapped.type(),
                    !attribute.required(),
                    attribute.printed()));
        case Mapping.Unsupported unsupported ->
            reasons.add(
                new Refusal.UnsupportedColumn(
                    attribute.name(), attribute.printed(), unsupported.why()));
      }
    }
    return columns;
  }

  private static void refuseUnknownColumns(
      TableSettings settings, List<Attribute> attributes, List<Refusal> reasons) {
    Set<String> ordinary =
        attributes.stream()
            .filter(attribute -> !attribute.generated())
            .map(Attribute::name)
            .collect(Collectors.toSet());
    for (PartitionField field : settings.partitionBy()) {
      if (!ordinary.contains(field.column())) {
        reasons.add(new Refusal.UnknownColumn("partition-by", field.column()));
      }
    }
    for (SortField field : settings.sortBy()) {
      if (!ordinary.contains(field.column())) {
        reasons.add(new Refusal.UnknownColumn("sort-by", field.column()));
      }
    }
  }

  /** The key's columns in the key's order; empty, with a reason, where there is none. */
  private static List<Attribute> key(
      Relation relation, TableSettings settings, Facts facts, List<Refusal> reasons) {
    Map<Integer, Attribute> byNumber = new HashMap<>();
    Map<String, Attribute> byName = new HashMap<>();
    for (Attribute attribute : facts.columnsOf(relation.oid())) {
      byNumber.put(attribute.number(), attribute);
      byName.put(attribute.name(), attribute);
    }
    List<UniqueIndex> indexes = facts.indexesOf(relation.oid());
    int before = reasons.size();
    List<Attribute> key = new ArrayList<>();
    if (settings.key().isPresent()) {
      for (String name : settings.key().get()) {
        Attribute attribute = byName.get(name);
        if (attribute == null) {
          reasons.add(new Refusal.UnknownColumn("key", name));
        } else {
          key.add(attribute);
        }
      }
      Set<Integer> numbers = key.stream().map(Attribute::number).collect(Collectors.toSet());
      boolean unique =
          indexes.stream()
              .anyMatch(i -> i.immediate() && new HashSet<>(i.numbers()).equals(numbers));
      if (before == reasons.size() && !unique) {
        reasons.add(new Refusal.KeyNotUnique(settings.key().get()));
      }
    } else {
      Optional<UniqueIndex> primary = indexes.stream().filter(UniqueIndex::primary).findFirst();
      Optional<UniqueIndex> index =
          primary.or(() ->
              relation.identity() == 'i'
                  ? indexes.stream().filter(UniqueIndex::identity).findFirst()
                  : Optional.empty());
      if (index.isEmpty()) {
        reasons.add(new Refusal.NoKey());
      } else if (!index.get().immediate()) {
        reasons.add(new Refusal.DeferrableKey());
      } else {
        for (int number : index.get().numbers()) {
          Attribute attribute = byNumber.get(number);
          if (attribute != null) {
            key.add(attribute);
          }
        }
      }
    }
    for (Attribute attribute : key) {
      if (attribute.generated()) {
        reasons.add(new Refusal.GeneratedKey(attribute.name()));
      }
      if (!attribute.required()) {
        reasons.add(new Refusal.NullableKey(attribute.name()));
      }
    }
    return before == reasons.size() ? key : List.of();
  }

  private static void refuseIdentity(
      Relation relation, List<String> key, Facts facts, List<Refusal> reasons) {
    List<Attribute> attributes = facts.columnsOf(relation.oid());
    Set<String> identity;
    if (relation.identity() == 'f') {
      Optional<Attribute> generated = attributes.stream().filter(Attribute::generated).findFirst();
      if (generated.isPresent()) {
        reasons.add(new Refusal.GeneratedInIdentity(relation.id(), generated.get().name()));
        return;
      }
      identity = attributes.stream().map(Attribute::name).collect(Collectors.toSet());
    } else {
      Optional<UniqueIndex> index =
          facts.indexesOf(relation.oid()).stream()
              .filter(UniqueIndex::immediate)
              .filter(i ->
                  switch (relation.identity()) {
                    case 'd' -> i.primary();
                    case 'i' -> i.identity();
                    default -> false;
                  })
              .findFirst();
      if (index.isEmpty()) {
        reasons.add(new Refusal.NoReplicaIdentity(relation.id()));
        return;
      }
      identity =
          attributes.stream()
              .filter(attribute -> index.get().numbers().contains(attribute.number()))
              .map(Attribute::name)
              .collect(Collectors.toSet());
    }
    List<String> outside = key.stream().filter(name -> !identity.contains(name)).toList();
    if (!outside.isEmpty()) {
      reasons.add(new Refusal.KeyOutsideIdentity(relation.id(), outside));
    }
  }

  private void refuseNamesThatDifferByCase(Map<TableId, SourceTable> tables) {
    Map<String, List<TableId>> groups =
        tables.values().stream()
            .filter(SourceTable.Mirrored.class::isInstance)
            .map(SourceTable::id)
            .collect(Collectors.groupingBy(id -> id.toString().toLowerCase(Locale.ROOT)));
    for (List<TableId> group : groups.values()) {
      for (TableId id : group) {
        List<Refusal> reasons =
            group.stream()
                .filter(other -> !other.equals(id))
                .sorted(Comparator.naturalOrder())
                .<Refusal>map(Refusal.TablesDifferOnlyByCase::new)
                .toList();
        if (!reasons.isEmpty()) {
          tables.put(id, new SourceTable.Refused(id, isNamedExactly(id), reasons));
        }
      }
    }
  }

  private void refuseMissing(Map<Long, Relation> relations, Map<TableId, SourceTable> tables) {
    Set<TableId> existing =
        relations.values().stream().map(Relation::id).collect(Collectors.toSet());
    for (var rule : config.tables()) {
      String text = rule.match().text();
      int dot = text.indexOf('.');
      TableId id = new TableId(text.substring(0, dot), text.substring(dot + 1));
      if (isExact(rule.match()) && !existing.contains(id)) {
        tables.put(id, new SourceTable.Refused(id, true, List.of(new Refusal.NotFound())));
      }
    }
  }

  private boolean isNamedExactly(TableId id) {
    return config.tables().stream()
        .anyMatch(rule -> isExact(rule.match()) && rule.match().matches(id.schema(), id.name()));
  }

  private static boolean isExact(TablePattern pattern) {
    return pattern.text().indexOf('*') < 0;
  }

  private static SourceTable refused(Relation relation, boolean exact, List<Refusal> reasons) {
    return new SourceTable.Refused(relation.id(), exact, reasons);
  }

  private static Optional<Relation> matchedAncestor(
      Relation relation, Map<Long, Relation> relations, Set<Long> matched) {
    Relation at = relation;
    while (at.parent() != null) {
      Relation parent = relations.get(at.parent());
      if (parent == null) {
        return Optional.empty();
      }
      if (matched.contains(parent.oid())) {
        return Optional.of(parent);
      }
      at = parent;
    }
    return Optional.empty();
  }

  private static List<Relation> descendants(Relation relation, Map<Long, List<Relation>> children) {
    List<Relation> all = new ArrayList<>();
    for (Relation child : children.getOrDefault(relation.oid(), List.of())) {
      all.add(child);
      all.addAll(descendants(child, children));
    }
    return all;
  }

  private static Map<Long, Relation> relations(Connection connection, String publication)
      throws SQLException {
    Map<Long, Relation> relations = new LinkedHashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(RELATIONS)) {
      statement.setString(1, publication);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          long parentOid = rows.getLong(7);
          Long parent = rows.wasNull() ? null : parentOid;
          Relation relation =
              new Relation(
                  rows.getLong(1),
                  new TableId(rows.getString(2), rows.getString(3)),
                  rows.getString(4).charAt(0),
                  rows.getString(5).charAt(0),
                  rows.getString(6).charAt(0),
                  parent,
                  rows.getLong(8));
          relations.put(relation.oid(), relation);
        }
      }
    }
    return relations;
  }

  private static Facts facts(Connection connection, Set<Long> oids) throws SQLException {
    String array = oids.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
    Map<Long, List<Attribute>> columns = new HashMap<>();
    Map<Long, List<UniqueIndex>> indexes = new HashMap<>();
    List<PgType> types = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(COLUMNS)) {
      statement.setString(1, array);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          columns
              .computeIfAbsent(rows.getLong(1), oid -> new ArrayList<>())
              .add(
                  new Attribute(
                      rows.getInt(2),
                      rows.getString(3),
                      rows.getLong(4),
                      rows.getInt(5),
                      rows.getString(6),
                      rows.getBoolean(7),
                      rows.getBoolean(8)));
        }
      }
    }
    try (PreparedStatement statement = connection.prepareStatement(INDEXES)) {
      statement.setString(1, array);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          indexes
              .computeIfAbsent(rows.getLong(1), oid -> new ArrayList<>())
              .add(
                  new UniqueIndex(
                      rows.getBoolean(2),
                      rows.getBoolean(3),
                      rows.getBoolean(4),
                      List.of((Integer[]) rows.getArray(5).getArray())));
        }
      }
    }
    try (PreparedStatement statement = connection.prepareStatement(TYPES)) {
      statement.setString(1, array);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          types.add(
              new PgType(
                  rows.getLong(1),
                  rows.getString(2),
                  rows.getString(3).charAt(0),
                  rows.getString(4).charAt(0),
                  rows.getLong(5),
                  rows.getLong(6),
                  rows.getInt(7)));
        }
      }
    }
    return new Facts(columns, indexes, new PostgresTypes(types));
  }
}
