package dev.berth.hosting.runtime;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Everything a runtime needs to start an instance.
 *
 * @param id identity to start it under
 * @param ownerName name of the endpoint or job, for logs and labels
 * @param instanceType {@code ml.*} type, when the variant gives one
 * @param containers one to fifteen, in the order a request passes through them
 * @param executionMode how a request meets several containers
 * @param startupTimeout from the start of a container to its first healthy ping ({@code
 *     ContainerStartupHealthCheckTimeoutInSeconds}); after it the instance is failed
 * @param network whom its containers may talk to
 * @param executionRoleArn role whose temporary credentials its containers get
 */
public record InstanceSpec(
    InstanceId id,
    String ownerName,
    Optional<String> instanceType,
    List<ContainerSpec> containers,
    ExecutionMode executionMode,
    Duration startupTimeout,
    NetworkSpec network,
    Optional<String> executionRoleArn) {
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
