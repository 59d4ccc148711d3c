package dev.firn.iceberg.breach;

import dev.firn.cdc.breach.CdcKnowsIceberg;

/** Breaks a rule. */
public record SinkKnowsCdc(CdcKnowsIceberg source) {}
