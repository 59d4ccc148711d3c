/** What is measured: the pipeline's events as Micrometer meters. */
package dev.firn.daemon.meter;
