/**
 * PostgreSQL as a source, apart from its stream: which tables can be mirrored and in which shape,
 * their first copy, what is set up in the database, and whether all is well with it.
 */
package dev.firn.cdc.postgres;
