/**
 * The source's log as transactions of typed rows: Debezium reads and decodes it, and what is here
 * tells it how, finds the transactions' ends, and says how far the source may forget.
 */
package dev.firn.cdc.stream;
