/**
 * The values and ports that every part of Firn speaks: what a change is, where it stands in the
 * source's log, and the two ends it travels between. Depends on the JDK alone.
 */
package dev.firn.change;
