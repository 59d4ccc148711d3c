package dev.firn.iceberg.control;

import dev.firn.change.position.Position;
import dev.firn.change.table.TableId;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A row of the control table, for people and dashboards.
 *
 * @param table the source table
 * @param loaded whether its initial load is in the replica
 * @param checkpoint the last checkpoint that changed it
 * @param position where it stood in the source's log after that; empty before the first
 * @param sourceCommitMicros when the source committed the last change that it has, microseconds
 *     since 1970 UTC; empty where none was seen since the daemon's start
 */
public record TableStatus(
    TableId table,
    boolean loaded,
    long checkpoint,
    Optional<Position> position,
    OptionalLong sourceCommitMicros) {}
