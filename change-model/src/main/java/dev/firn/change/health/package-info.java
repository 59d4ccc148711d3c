/** What a check of the source or the replica found, with the way to mend it. */
package dev.firn.change.health;
