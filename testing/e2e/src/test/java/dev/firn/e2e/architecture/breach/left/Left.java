package dev.firn.e2e.architecture.breach.left;

import dev.firn.e2e.architecture.breach.right.Right;

/** Breaks a rule, together with its counterpart. */
public record Left(Right right) {}
