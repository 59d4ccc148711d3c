package dev.firn.cdc.postgres;

import dev.firn.change.table.ColumnType;
import dev.firn.change.table.ColumnType.Simple;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * PostgreSQL's types as Firn's: domains count as what they are made of, enums as text, arrays by
 * their element. What has no form yet is refused with the reason, never approximated.
 */
final class PostgresTypes {
  /**
   * A row of pg_type.
   *
   * @param kind typtype: b base, d domain, e enum, c composite, r range, m multirange
   * @param category typcategory; A for arrays
   * @param element the oid of an array's elements, 0 for others
   * @param base the oid of what a domain is made of, 0 for others
   * @param baseModifier the modifier that a domain gives its base, -1 for none
   */
  record PgType(
      long oid, String name, char kind, char category, long element, long base, int baseModifier) {}

  /** What a type is in the replica. */
  sealed interface Mapping {
    /** It has a form. */
    record Mapped(ColumnType type) implements Mapping {}

    /**
     * It has none.
     *
     * @param why a clause that goes on after the type's name
     */
    record Unsupported(String why) implements Mapping {}
  }

  private static final int NO_MODIFIER = -1;
  private static final long INT2VECTOR = 22;
  private static final long OIDVECTOR = 30;
  private static final int MAX_DOMAIN_DEPTH = 64;

  private static final String LATER = "cannot be mirrored yet";

  private final Map<Long, PgType> types = new HashMap<>();

  /** The types to choose from, with all that they are made of. */
  PostgresTypes(List<PgType> types) {
    types.forEach(type -> this.types.put(type.oid(), type));
  }

  /** Whether a type's values are words of an enum, also in a domain or an array. */
  boolean isEnum(long oid) {
    PgType type = types.get(oid);
    for (int depth = 0; type != null && depth < MAX_DOMAIN_DEPTH; depth++) {
      if (type.kind() == 'e') {
        return true;
      }
      type = types.get(isArray(type) ? type.element() : type.base());
    }
    return false;
  }

  private static boolean isArray(PgType type) {
    return type.category() == 'A'
        && type.element() != 0
        && type.oid() != INT2VECTOR
        && type.oid() != OIDVECTOR;
  }

  /** What a column of this type and modifier (atttypmod) is. */
  Mapping map(long oid, int modifier) {
    PgType type = types.get(oid);
    int typeModifier = modifier;
    for (int depth = 0; type != null && type.kind() == 'd' && depth < MAX_DOMAIN_DEPTH; depth++) {
      typeModifier = type.baseModifier() == NO_MODIFIER ? typeModifier : type.baseModifier();
      type = types.get(type.base());
    }
    if (type == null) {
      return new Mapping.Unsupported("is unknown");
    }
    if (isArray(type)) {
      return switch (map(type.element(), typeModifier)) {
        case Mapping.Mapped(ColumnType.Array inner) ->
            new Mapping.Unsupported("is an array of arrays (" + inner + "), which " + LATER);
        case Mapping.Mapped(ColumnType element) ->
            new Mapping.Mapped(new ColumnType.Array(element));
        case Mapping.Unsupported unsupported -> unsupported;
      };
    }
    return switch (type.kind()) {
      case 'e' -> new Mapping.Mapped(Simple.TEXT);
      case 'b' -> base(type, typeModifier);
      case 'c' -> new Mapping.Unsupported("is composite, which " + LATER);
      case 'r', 'm' -> new Mapping.Unsupported("is a range, which " + LATER);
      default -> new Mapping.Unsupported(LATER);
    };
  }

  private static Mapping base(PgType type, int modifier) {
    return switch ((int) type.oid()) {
      case 16 -> new Mapping.Mapped(Simple.BOOL);
      case 17 -> new Mapping.Mapped(Simple.BINARY);
      case 20 -> new Mapping.Mapped(Simple.INT64);
      case 21, 23 -> new Mapping.Mapped(Simple.INT32);
      case 19, 25, 1042, 1043 -> new Mapping.Mapped(Simple.TEXT);
      case 114, 3802 -> new Mapping.Mapped(Simple.JSON);
      case 700 -> new Mapping.Mapped(Simple.FLOAT32);
      case 701 -> new Mapping.Mapped(Simple.FLOAT64);
      case 1082 -> new Mapping.Mapped(Simple.DATE);
      case 1083 -> new Mapping.Mapped(Simple.TIME);
      case 1114 -> new Mapping.Mapped(Simple.TIMESTAMP);
      case 1184 -> new Mapping.Mapped(Simple.TIMESTAMP_TZ);
      case 2950 -> new Mapping.Mapped(Simple.UUID);
      case 1700 -> numeric(modifier);
      default ->
          // An extension's oids differ from database to database.
          type.name().equals("citext") && type.category() == 'S'
              ? new Mapping.Mapped(Simple.TEXT)
              : new Mapping.Unsupported(LATER);
    };
  }

  /** A numeric's modifier is its precision and its scale (11 bits, signed), and 4 on top. */
  private static Mapping numeric(int modifier) {
    if (modifier < 4) {
      return new Mapping.Unsupported("has no precision, so no decimal holds all its values");
    }
    int precision = (modifier - 4) >>> 16 & 0xFFFF;
    int scale = ((modifier - 4 & 0x7FF) ^ 1024) - 1024;
    if (precision > 38) {
      return new Mapping.Unsupported("has more than 38 digits, which no decimal of Iceberg has");
    }
    if (scale < 0 || scale > precision) {
      return new Mapping.Unsupported("has a scale outside of its digits, which Iceberg has not");
    }
    return new Mapping.Mapped(new ColumnType.Decimal(precision, scale));
  }
}
