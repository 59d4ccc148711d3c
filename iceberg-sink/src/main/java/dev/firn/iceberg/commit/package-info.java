/**
 * Committing several tables at once, exactly once: changes are staged as new table metadata, the
 * pointers are moved in the way the catalog can, and after any failure they are read back before
 * anything is composed anew.
 */
package dev.firn.iceberg.commit;
