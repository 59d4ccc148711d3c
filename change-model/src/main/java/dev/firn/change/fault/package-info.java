/** Failures that a person or a supervisor acts on, and bounded retries. */
package dev.firn.change.fault;
