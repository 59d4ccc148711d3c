package dev.firn.daemon.http;

import dev.firn.change.health.Check;
import java.util.List;

/**
 * How the daemon stands.
 *
 * @param alive false where only a restart helps
 * @param ready whether the replica follows the source right now
 * @param checks each component's check
 */
public record Health(boolean alive, boolean ready, List<Check> checks) {
  public Health {
    checks = List.copyOf(checks);
  }
}
