/** Spark, local, answering a test's queries. */
@NullMarked
package dev.firn.testing.reader.spark;

import org.jspecify.annotations.NullMarked;
