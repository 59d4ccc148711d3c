package dev.firn.config.breach;

import dev.firn.change.table.TableId;

/** Breaks a rule. */
public record ConfigKnowsTheModel(TableId id) {}
