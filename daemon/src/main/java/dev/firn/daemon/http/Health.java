package dev.firn.daemon.http;

import dev.firn.change.health.Check;
import java.util.List;

/**
 * The answer to a question about health.
 *
 * @param healthy the answer
 * @param checks how each part stands that was looked at for it
 */
public record Health(boolean healthy, List<Check> checks) {
  public Health {
    checks = List.copyOf(checks);
  }
}
