package dev.firn.e2e.architecture.breach;

import org.apache.iceberg.Table;

/** Breaks a rule. */
public record KnowsIceberg(Table table) {}
