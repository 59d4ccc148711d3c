package dev.firn.testing.containers;

import java.util.Map;

/** The mark of the containers of one run of all tests. */
final class TestRun {
  /** testing/run-tests.sh removes what a killed test left, and finds it by this. */
  static final Map<String, String> LABELS =
      Map.of("dev.firn.test-run", System.getenv().getOrDefault("FIRN_TEST_RUN", "none"));

  private TestRun() {}
}
