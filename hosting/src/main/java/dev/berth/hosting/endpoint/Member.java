package dev.berth.hosting.endpoint;

import dev.berth.hosting.runtime.InstanceId;
import java.time.Instant;

/**
 * An instance as the planner sees it: what the runtime observes, joined with what happens to it on
 * this side, staging before its start and draining before its stop.
 *
 * @param since when it entered {@code state}
 */
record Member(InstanceId id, State state, Instant since) {

  /** Where an instance is in its life. */
  sealed interface State {
    /** Staging its artifacts. */
    record Preparing(String step, long doneBytes, long totalBytes) implements State {}

    /** Begun in the runtime, not yet healthy. */
    record Starting(String step) implements State {}

    record InService() implements State {}

    /** Takes no new invocations; goes at 0. */
    record Draining(int inFlight) implements State {}

    record Stopping() implements State {}

    record Failed(String reason) implements State {}

    /** Found dead after a restart of Berth: it says nothing about those to come. */
    record Lost(String reason) implements State {}
  }

  boolean isAlive() {
    return switch (state) {
      case State.Preparing _, State.Starting _, State.InService _ -> true;
      case State.Draining _, State.Stopping _, State.Failed _, State.Lost _ -> false;
    };
  }

  boolean isInService() {
    return state instanceof State.InService;
  }
}
