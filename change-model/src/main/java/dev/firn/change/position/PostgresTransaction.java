package dev.firn.change.position;

import java.util.OptionalLong;

/**
 * A PostgreSQL transaction.
 *
 * @param xid its 64-bit id (the stream's 32 bits, extended)
 * @param endLsn the end of its commit record as far as the stream has told it; empty means: beyond
 *     every position that the replica had recorded when the stream started
 */
public record PostgresTransaction(long xid, OptionalLong endLsn) implements SourceTransaction {}
