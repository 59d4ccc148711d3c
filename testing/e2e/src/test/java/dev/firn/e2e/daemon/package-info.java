/** The daemon as a user runs it: a process, a config file, signals and exit codes. */
package dev.firn.e2e.daemon;
