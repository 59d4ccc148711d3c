package dev.firn.e2e.architecture.breach;

import dev.firn.daemon.breach.PartOfTheDaemon;

/** Breaks a rule. */
public record UsesTheDaemon(PartOfTheDaemon daemon) {}
