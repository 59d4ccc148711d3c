package dev.firn.daemon.breach;

/** Used where the daemon may not be. */
public record PartOfTheDaemon() {}
