package dev.berth.runtime.embedded;

import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Specs of instances with one container. */
final class Specs {
  private Specs() {}

  static InstanceSpec of(InstanceId id, String image, Path modelDirectory) {
    return of(id, container(image, false, Optional.of(modelDirectory)));
  }

  static InstanceSpec of(InstanceId id, ContainerSpec... containers) {
    return new InstanceSpec(
        id,
        "iris",
        Optional.of("ml.m5.large"),
        List.of(containers),
        InstanceSpec.ExecutionMode.SERIAL,
        Duration.ofSeconds(60));
  }

  static InstanceSpec withTimeout(InstanceSpec spec, Duration startupTimeout) {
    return new InstanceSpec(
        spec.id(),
        spec.endpointName(),
        spec.instanceType(),
        spec.containers(),
        spec.executionMode(),
        startupTimeout);
  }

  static ContainerSpec container(String image, boolean isMultiModel, Optional<Path> directory) {
    return new ContainerSpec(
        "primary", Optional.empty(), image, isMultiModel, Map.of(), directory, Map.of());
  }
}
