package dev.firn.daemon;

import dev.firn.change.fault.SuppressForbidden;
import sun.misc.Signal;

/**
 * SIGTERM and SIGINT. The JVM's own answer to them is an exit code of its own, whatever its
 * shutdown hooks do; Firn ends with 0 when it has ended in order.
 */
public final class Signals {
  private Signals() {}

  /** Runs the action, on a thread of its own, at every SIGTERM and SIGINT from now on. */
  @SuppressForbidden("the documented API has no way to choose the exit code after SIGTERM")
  public static void onStop(Runnable action) {
    for (String name : new String[] {"TERM", "INT"}) {
      Signal.handle(new Signal(name), _ -> action.run());
    }
  }
}
