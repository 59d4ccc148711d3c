/** Real servers in or beside the JVM, for tests and the demo. */
package dev.firn.testing;
