/**
 * What a test and an engine's process say to each other: requests as JSON lines to its standard
 * input, rows as JSON lines from its standard output, every value in its one canonical text.
 */
@NullMarked
package dev.firn.testing.reader;

import org.jspecify.annotations.NullMarked;
