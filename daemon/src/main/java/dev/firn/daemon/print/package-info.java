/** What commands show: aligned tables and messages for people, JSON for programs. */
package dev.firn.daemon.print;
