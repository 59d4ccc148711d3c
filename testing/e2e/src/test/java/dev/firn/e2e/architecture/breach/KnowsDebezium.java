package dev.firn.e2e.architecture.breach;

import io.debezium.config.Configuration;

/** Breaks a rule. */
public record KnowsDebezium(Configuration configuration) {}
