package dev.firn.cdc.postgres;

import dev.firn.change.table.TableId;

/** Names and texts as PostgreSQL reads them in a statement that takes no parameters. */
public final class SqlNames {
  private SqlNames() {}

  /** A quoted identifier. */
  public static String quote(String identifier) {
    refuseZero(identifier);
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  /** A table's quoted name with its schema. */
  public static String quote(TableId table) {
    return quote(table.schema()) + "." + quote(table.name());
  }

  /** A quoted text, whatever standard_conforming_strings says. */
  static String literal(String text) {
    refuseZero(text);
    String quoted = "'" + text.replace("'", "''") + "'";
    return text.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
  }

  private static void refuseZero(String text) {
    if (text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("PostgreSQL has no character zero");
    }
  }
}
