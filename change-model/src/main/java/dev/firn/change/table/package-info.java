/** Tables as Firn knows them: columns by identity, types by value form. */
package dev.firn.change.table;
