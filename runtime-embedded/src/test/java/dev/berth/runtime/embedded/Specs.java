package dev.berth.runtime.embedded;

import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.MultiModelSpec;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.RegistryAccess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Specs of instances. */
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
        Duration.ofSeconds(60),
        NetworkSpec.UNRESTRICTED,
        Optional.empty());
  }

  static InstanceSpec withTimeout(InstanceSpec spec, Duration startupTimeout) {
    return new InstanceSpec(
        spec.id(),
        spec.ownerName(),
        spec.instanceType(),
        spec.containers(),
        spec.executionMode(),
        startupTimeout,
        spec.network(),
        spec.executionRoleArn());
  }

  static ContainerSpec named(String name, String image, Path directory) {
    return new ContainerSpec(
        name,
        Optional.of(name),
        image,
        RegistryAccess.PLATFORM,
        Optional.empty(),
        Map.of(),
        Optional.of(directory),
        Map.of());
  }

  static ContainerSpec container(String image, boolean isMultiModel, Optional<Path> directory) {
    return new ContainerSpec(
        "primary",
        Optional.empty(),
        image,
        RegistryAccess.PLATFORM,
        isMultiModel ? Optional.of(new MultiModelSpec("s3://b/models", true)) : Optional.empty(),
        Map.of(),
        directory,
        Map.of());
  }
}
