/** The command line: what a user asks for, what it prints and with which code it ends. */
package dev.firn.daemon;
