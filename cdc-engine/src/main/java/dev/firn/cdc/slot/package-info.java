/** The replication slot: made, checked before each use, kept moving, never dropped. */
package dev.firn.cdc.slot;
