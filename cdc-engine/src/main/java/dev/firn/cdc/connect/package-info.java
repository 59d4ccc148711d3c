/** How Firn logs in to the source. */
package dev.firn.cdc.connect;
