/**
 * Engines that share no writing code with Firn read the replica, and are compared with the source.
 */
package dev.firn.e2e.reader;
