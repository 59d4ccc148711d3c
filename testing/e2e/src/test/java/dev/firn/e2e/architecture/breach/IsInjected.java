package dev.firn.e2e.architecture.breach;

import jakarta.inject.Inject;

/** Breaks a rule. */
public final class IsInjected {
  @Inject private String value;
}
