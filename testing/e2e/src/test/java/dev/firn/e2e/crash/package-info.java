/** The daemon is killed at every step, and its replica must be equal all the same. */
package dev.firn.e2e.crash;
