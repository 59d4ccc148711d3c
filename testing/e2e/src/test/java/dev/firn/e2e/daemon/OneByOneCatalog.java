package dev.firn.e2e.daemon;

import org.apache.iceberg.jdbc.JdbcCatalog;

/** A catalog of which Firn knows only what every catalog can: one table's commit at a time. */
public final class OneByOneCatalog extends JdbcCatalog {}
