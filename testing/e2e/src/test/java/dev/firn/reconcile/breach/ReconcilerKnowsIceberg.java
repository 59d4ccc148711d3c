package dev.firn.reconcile.breach;

import org.apache.iceberg.Table;

/** Breaks a rule. */
public record ReconcilerKnowsIceberg(Table table) {}
