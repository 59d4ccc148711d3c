/** What may know what; the packages named {@code breach} hold classes that break the rules. */
package dev.firn.e2e.architecture;
