/** The demo: a real PostgreSQL with a busy shop, mirrored by the daemon, in one process. */
package dev.firn.quickstart;
