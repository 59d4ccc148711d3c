/** Trino, whole and in one process, answering a test's queries. */
@NullMarked
package dev.firn.testing.reader.trino;

import org.jspecify.annotations.NullMarked;
