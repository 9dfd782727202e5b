package dev.berth.hosting.runtime;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Everything a runtime needs to start an instance.
 *
 * @param id identity to start it under
 * @param endpointName name of the endpoint, for logs and labels
 * @param instanceType {@code ml.*} type, when the variant gives one
 * @param containers one to fifteen, in the order a request passes through them
 * @param executionMode how a request meets several containers
 * @param startupTimeout from the start of a container to its first healthy ping ({@code
 *     ContainerStartupHealthCheckTimeoutInSeconds}); after it the instance is failed
 */
public record InstanceSpec(
    InstanceId id,
    String endpointName,
    Optional<String> instanceType,
    List<ContainerSpec> containers,
    ExecutionMode executionMode,
    Duration startupTimeout) {
  public InstanceSpec {
    containers = List.copyOf(containers);
    if (containers.isEmpty()) {
      throw new IllegalArgumentException("an instance without containers: " + id);
    }
  }

  /** {@code InferenceExecutionConfig.Mode}. */
  public enum ExecutionMode {
    SERIAL,
    DIRECT
  }
}
