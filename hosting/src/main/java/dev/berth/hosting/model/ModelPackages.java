package dev.berth.hosting.model;

import dev.berth.api.sagemaker.ContainerDefinition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The model packages that CreateModel may name; the model registry has them. */
@FunctionalInterface
public interface ModelPackages {

  /**
   * Returns what a package runs.
   *
   * @param nameOrArn package name, {@code GROUP/VERSION}, or the ARN of either
   * @param inferenceSpecificationName one of the package's additional specifications, or null for
   *     its own
   * @throws dev.berth.api.error.AwsException ValidationException when there is no such package or
   *     specification, or it may not or can't be run
   */
  Deployable deployable(String nameOrArn, @Nullable String inferenceSpecificationName);

  /**
   * What a package runs.
   *
   * @param containers at least one, each with an image
   * @param realtimeInstanceTypes the only ones an endpoint may use; empty for any
   * @param transformInstanceTypes the only ones a transform job may use; empty for any
   */
  record Deployable(
      List<ContainerDefinition> containers,
      List<String> realtimeInstanceTypes,
      List<String> transformInstanceTypes) {
    public Deployable {
      containers = List.copyOf(containers);
      realtimeInstanceTypes = List.copyOf(realtimeInstanceTypes);
      transformInstanceTypes = List.copyOf(transformInstanceTypes);
    }
  }
}
