package dev.firn.change.position;

/** A transaction in a source's log, as far as deciding whether a replica has it needs to know. */
public sealed interface SourceTransaction permits PostgresTransaction {}
