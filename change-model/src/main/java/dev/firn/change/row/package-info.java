/** One row as packed bytes, with typed access and no boxed values. */
package dev.firn.change.row;
