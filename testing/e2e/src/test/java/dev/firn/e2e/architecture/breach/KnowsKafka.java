package dev.firn.e2e.architecture.breach;

import org.apache.kafka.connect.data.Struct;

/** Breaks a rule. */
public record KnowsKafka(Struct struct) {}
