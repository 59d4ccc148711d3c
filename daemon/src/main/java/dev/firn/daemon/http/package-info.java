/** What the daemon serves on HTTP: meters and health. */
package dev.firn.daemon.http;
