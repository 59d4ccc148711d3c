/** The life of a mirror: checks, first copies, the stream, reconnects and the end. */
package dev.firn.daemon.pipeline;
