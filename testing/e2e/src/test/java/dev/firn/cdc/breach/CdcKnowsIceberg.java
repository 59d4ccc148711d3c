package dev.firn.cdc.breach;

import dev.firn.iceberg.breach.SinkKnowsCdc;

/** Breaks a rule. */
public record CdcKnowsIceberg(SinkKnowsCdc sink) {}
