package dev.firn.e2e.architecture.breach;

import dev.firn.cdc.breach.CdcKnowsIceberg;
import dev.firn.iceberg.breach.SinkKnowsCdc;

/** Breaks a rule. */
public record KnowsBothSides(CdcKnowsIceberg source, SinkKnowsCdc sink) {}
