/** The file users write, as immutable, validated values. Depends on nothing else of Firn. */
package dev.firn.config;
