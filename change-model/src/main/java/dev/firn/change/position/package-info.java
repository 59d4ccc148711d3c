/** Places in a source's log, and which transactions a place or a snapshot holds. */
package dev.firn.change.position;
