/** Servers in Docker containers, as users run them. */
package dev.firn.testing.containers;
