package dev.firn.change.breach;

import org.slf4j.Logger;

/** Breaks a rule. */
public record ModelKnowsALibrary(Logger logger) {}
