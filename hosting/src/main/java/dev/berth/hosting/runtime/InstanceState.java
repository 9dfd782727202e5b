package dev.berth.hosting.runtime;

import java.util.List;

/** What a runtime sees of an instance. */
public sealed interface InstanceState {

  /** Begun, not yet healthy. {@code step} is for people: what it is doing now. */
  record Starting(String step) implements InstanceState {}

  /**
   * Healthy and ready for invocations.
   *
   * @param targets one per container, in the order of the spec
   */
  record InService(List<Target> targets) implements InstanceState {
    public InService {
      targets = List.copyOf(targets);
    }
  }

  /** Asked to stop, not gone yet. */
  record Stopping() implements InstanceState {}

  /**
   * Dead, or never came up; kept until it is stopped, so that the reason can be told.
   *
   * @param reason cause, evidence (exit code, last log lines, the probe's answer) and what to do:
   *     it becomes the endpoint's {@code FailureReason}
   */
  record Failed(String reason) implements InstanceState {}

  /**
   * Started by an earlier process, and found dead by this one; kept until it is stopped. Nobody saw
   * its end, which may have been that of the engine or of the machine: another may well come up.
   *
   * @param reason cause, evidence and what to do
   */
  record Lost(String reason) implements InstanceState {}
}
