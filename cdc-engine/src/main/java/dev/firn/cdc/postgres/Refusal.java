package dev.firn.cdc.postgres;

import dev.firn.change.table.TableId;
import java.util.List;

/** Why a table cannot be mirrored. */
public sealed interface Refusal {
  /** The config names a table that the database does not have. */
  record NotFound() implements Refusal {
    @Override
    public String what() {
      return "does not exist";
    }

    @Override
    public String mend(TableId table) {
      return "correct the name under tables (case counts), or create the table";
    }
  }

  /**
   * It is no table whose changes are in the log.
   *
   * @param kind what it is, with its article
   */
  record NotATable(String kind) implements Refusal {
    @Override
    public String what() {
      return "is " + kind + ", whose changes are not in the log";
    }

    @Override
    public String mend(TableId table) {
      return "mirror the tables behind it";
    }
  }

  /**
   * An unlogged table.
   *
   * @param where the table itself or one of its partitions
   */
  record Unlogged(TableId where) implements Refusal {
    @Override
    public String what() {
      return "is unlogged (" + where + "), so its changes are not in the log";
    }

    @Override
    public String mend(TableId table) {
      return "ALTER TABLE " + SqlNames.quote(where) + " SET LOGGED";
    }
  }

  /** A partition of it lies in another database. */
  record ForeignPartition(TableId partition) implements Refusal {
    @Override
    public String what() {
      return "has the foreign table " + partition + " as a partition, whose changes are not here";
    }

    @Override
    public String mend(TableId table) {
      return "mirror the other partitions by their names";
    }
  }

  /** It lies in the schema that Firn sets up for itself. */
  record ReservedSchema() implements Refusal {
    @Override
    public String what() {
      return "lies in the schema that Firn keeps for itself";
    }

    @Override
    public String mend(TableId table) {
      return "move the table to another schema, or match other schemas";
    }
  }

  /** The config names a partition of a table that is mirrored as a whole. */
  record PartOfMirrored(TableId root) implements Refusal {
    @Override
    public String what() {
      return "is a partition of " + root + ", which is mirrored as one table";
    }

    @Override
    public String mend(TableId table) {
      return "name either " + root + " or its partitions under tables";
    }
  }

  /** There is nothing to mirror in it. */
  record NoColumns() implements Refusal {
    @Override
    public String what() {
      return "has no columns";
    }

    @Override
    public String mend(TableId table) {
      return "leave it out";
    }
  }

  /**
   * A column's type has no form in the replica.
   *
   * @param why a clause that goes on after the type
   */
  record UnsupportedColumn(String column, String type, String why) implements Refusal {
    @Override
    public String what() {
      return "has column " + column + " of type " + type + ", which " + why;
    }

    @Override
    public String mend(TableId table) {
      return "change the type of " + column + ", or leave the table out";
    }
  }

  /** Engines that ignore case could not tell these columns apart. */
  record ColumnsDifferOnlyByCase(String one, String other) implements Refusal {
    @Override
    public String what() {
      return "has columns " + one + " and " + other + ", whose names differ only by case";
    }

    @Override
    public String mend(TableId table) {
      return "rename one of them";
    }
  }

  /** Engines that ignore case could not tell these tables apart. */
  record TablesDifferOnlyByCase(TableId other) implements Refusal {
    @Override
    public String what() {
      return "has a name that differs from " + other + " only by case";
    }

    @Override
    public String mend(TableId table) {
      return "rename one of them, or match only one";
    }
  }

  /**
   * The config names a column that the table does not have.
   *
   * @param option under which key of the config
   */
  record UnknownColumn(String option, String column) implements Refusal {
    @Override
    public String what() {
      return "has no column " + column + ", which " + option + " names";
    }

    @Override
    public String mend(TableId table) {
      return "correct " + option + " (case counts)";
    }
  }

  /** It is new, and its changes are not sent. */
  record NotPublished() implements Refusal {
    @Override
    public String what() {
      return "is new: the publication does not have it";
    }

    @Override
    public String mend(TableId table) {
      return "run firn setup, and start again";
    }
  }

  /** Nothing tells its rows apart. */
  record NoKey() implements Refusal {
    @Override
    public String what() {
      return "has no key";
    }

    @Override
    public String mend(TableId table) {
      return "add a primary key, or a unique index over NOT NULL columns with ALTER TABLE "
          + SqlNames.quote(table)
          + " REPLICA IDENTITY USING INDEX …";
    }
  }

  /** Its primary key is checked only at a transaction's end, so PostgreSQL does not log it. */
  record DeferrableKey() implements Refusal {
    @Override
    public String what() {
      return "has a deferrable primary key, which PostgreSQL does not log with changes";
    }

    @Override
    public String mend(TableId table) {
      return "make the key not deferrable";
    }
  }

  /** The configured key admits the same values twice. */
  record KeyNotUnique(List<String> columns) implements Refusal {
    public KeyNotUnique {
      columns = List.copyOf(columns);
    }

    @Override
    public String what() {
      return "has no unique index over exactly its configured key ("
          + String.join(", ", columns)
          + ") that is valid, not partial and not deferrable";
    }

    @Override
    public String mend(TableId table) {
      return "create the index, or name the columns of a unique index under key";
    }
  }

  /** A key's column admits NULL, which no key may. */
  record NullableKey(String column) implements Refusal {
    @Override
    public String what() {
      return "has key column " + column + ", which admits NULL";
    }

    @Override
    public String mend(TableId table) {
      return "ALTER TABLE "
          + SqlNames.quote(table)
          + " ALTER COLUMN "
          + SqlNames.quote(column)
          + " SET NOT NULL";
    }
  }

  /** A key's column is generated, and PostgreSQL does not log generated columns. */
  record GeneratedKey(String column) implements Refusal {
    @Override
    public String what() {
      return "has the generated column " + column + " in its key, which PostgreSQL does not log";
    }

    @Override
    public String mend(TableId table) {
      return "name a key of ordinary columns";
    }
  }

  /**
   * Changes do not say which row they change; published, they would fail at the source.
   *
   * @param where the table itself or one of its partitions
   */
  record NoReplicaIdentity(TableId where) implements Refusal {
    @Override
    public String what() {
      return "has no usable replica identity (" + where + ")";
    }

    @Override
    public String mend(TableId table) {
      return "ALTER TABLE "
          + SqlNames.quote(where)
          + " REPLICA IDENTITY DEFAULT where it has a primary key, else USING INDEX …";
    }
  }

  /**
   * Changes do not say the key of the row they change.
   *
   * @param where the table itself or one of its partitions
   * @param columns the key's columns that the replica identity lacks
   */
  record KeyOutsideIdentity(TableId where, List<String> columns) implements Refusal {
    public KeyOutsideIdentity {
      columns = List.copyOf(columns);
    }

    @Override
    public String what() {
      return "has a key with columns outside of the replica identity of "
          + where
          + ": "
          + String.join(", ", columns);
    }

    @Override
    public String mend(TableId table) {
      return "ALTER TABLE " + SqlNames.quote(where) + " REPLICA IDENTITY USING INDEX … or FULL";
    }
  }

  /**
   * REPLICA IDENTITY FULL and a generated column: from PostgreSQL 18 on, published changes would
   * fail at the source.
   *
   * @param where the table itself or one of its partitions
   */
  record GeneratedInIdentity(TableId where, String column) implements Refusal {
    @Override
    public String what() {
      return "has REPLICA IDENTITY FULL and the generated column "
          + column
          + " ("
          + where
          + "), with which PostgreSQL 18 refuses published changes";
    }

    @Override
    public String mend(TableId table) {
      return "ALTER TABLE " + SqlNames.quote(where) + " REPLICA IDENTITY DEFAULT or USING INDEX …";
    }
  }

  /** What is wrong, as a clause that goes on after the table's name. */
  String what();

  /** What to do about it. */
  String mend(TableId table);
}
