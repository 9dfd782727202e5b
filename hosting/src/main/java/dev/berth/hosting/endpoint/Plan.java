package dev.berth.hosting.endpoint;

import dev.berth.hosting.runtime.InstanceId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What to do next for one endpoint.
 *
 * @param actions in the order to do them
 * @param transition what to write, before the actions are done; none when nothing changed
 * @param lookAgainAt when time alone will change the plan
 */
record Plan(List<Action> actions, Optional<Transition> transition, Optional<Instant> lookAgainAt) {
  Plan {
    actions = List.copyOf(actions);
  }

  /** One step towards what is desired. */
  sealed interface Action {
    /** Prepare and start one more instance. */
    record Launch(long generation, String variant) implements Action {}

    /** Send it no new invocations. */
    record Drain(InstanceId id) implements Action {}

    /** Stop and forget it. */
    record Stop(InstanceId id, String why) implements Action {}
  }

  /** A change of what is stored. */
  sealed interface Transition {
    /** All of the pending fleet is healthy: it takes the traffic. */
    record Promoted() implements Transition {}

    /**
     * The pending fleet can't be had: Failed when it was the first, else back to the active one.
     */
    record DeploymentFailed(String reason) implements Transition {}

    /** The fleet before has been kept long enough. */
    record Baked() implements Transition {}

    /** The weights and counts asked for are there. */
    record Settled() implements Transition {}

    /** The capacity asked for can't be had: back to what was. */
    record ScalingFailed(String reason) implements Transition {}

    /** Nothing of a deleted endpoint is left. */
    record Gone() implements Transition {}
  }
}
