package dev.berth.server.cli;

import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;

/** How to unmake what was made, last first. Several threads may use it at a time. */
final class Undo {
  /** Takes one thing away. */
  @FunctionalInterface
  interface Step {
    void run() throws Exception;
  }

  private final Deque<Step> steps = new ConcurrentLinkedDeque<>();

  /** Remembers {@code step}, to be run before all that are remembered already. */
  void push(Step step) {
    steps.push(step);
  }

  /** Forgets all steps: what was made stays. */
  void forget() {
    steps.clear();
  }

  /**
   * Runs each step once, even when others fail.
   *
   * @throws CommandFailure with the first failure, the others suppressed in it
   */
  void run() {
    CommandFailure failed = null;
    for (var step = steps.poll(); step != null; step = steps.poll()) {
      try {
        step.run();
      } catch (Exception failure) {
        if (failed == null) {
          failed = new CommandFailure("could not clean up: " + Failures.describe(failure), failure);
        } else {
          failed.addSuppressed(failure);
        }
      }
    }
    if (failed != null) {
      throw failed;
    }
  }
}
