package dev.firn.iceberg.commit;

import dev.firn.iceberg.catalog.MultiTableGuarantee;
import dev.firn.iceberg.catalog.ReplicaCatalog;
import java.util.List;

/** The way in which a catalog makes staged tables current. */
sealed interface PointerMove permits SqlPointerMove, RestPointerMove, PlainPointerMove {
  /** What the catalog said. Only {@link Moved} is believed; the others are looked into. */
  sealed interface Answer {
    /** All tables are current. */
    record Moved() implements Answer {}

    /** Somebody else moved a table first. */
    record Conflict(String why) implements Answer {}

    /** Anything may have happened. */
    record Unknown(Exception cause) implements Answer {}
  }

  /** A table with what the catalog needs written beforehand. Called for several at once. */
  default StagedTable prepare(StagedTable table) {
    return table;
  }

  /** Makes the tables current, in the given order where it is one after another. */
  Answer move(List<StagedTable> tables) throws InterruptedException;

  /** Whether a moved table can be staged on again without loading it from the catalog. */
  boolean keepsUp();

  MultiTableGuarantee guarantee();

  static PointerMove of(ReplicaCatalog catalog) {
    return switch (catalog.access()) {
      case ReplicaCatalog.Access.Sql sql -> new SqlPointerMove(catalog.name(), sql.connections());
      case ReplicaCatalog.Access.Rest rest -> new RestPointerMove(rest.catalog());
      case ReplicaCatalog.Access.Plain() -> new PlainPointerMove();
    };
  }
}
