package dev.firn.e2e.architecture.breach.right;

import dev.firn.e2e.architecture.breach.left.Left;

/** Breaks a rule, together with its counterpart. */
public record Right(Left left) {}
