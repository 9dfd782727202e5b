package dev.berth.hosting.runtime;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * One container of an instance, with its artifacts already staged.
 *
 * @param name label in messages and log streams: {@code primary} for a lone container, else the
 *     ContainerHostname, else {@code container-1} …
 * @param hostname DNS name towards the instance's other containers, when the model gives one
 * @param image image as the model names it, tag or digest included
 * @param registry how its image is pulled
 * @param multiModel what it serves when its {@code Mode} is {@code MultiModel}
 * @param environment the model's {@code Environment}
 * @param modelDirectory what becomes {@code /opt/ml/model}: a read-only directory shared by all
 *     instances with the same artifact; empty when the model names no data, or is a multi-model one
 * @param additionalModelDirectories channel name to directory ({@code AdditionalModelDataSources})
 * @param pinned what {@code image} stood for when the deployment was made; empty for its first
 *     instances, which find out
 */
public record ContainerSpec(
    String name,
    Optional<String> hostname,
    String image,
    RegistryAccess registry,
    Optional<MultiModelSpec> multiModel,
    Map<String, String> environment,
    Optional<Path> modelDirectory,
    Map<String, Path> additionalModelDirectories,
    Optional<ResolvedImage> pinned) {
  public ContainerSpec {
    environment = Map.copyOf(environment);
    additionalModelDirectories = Map.copyOf(additionalModelDirectories);
  }

  /** Makes one whose image is yet to be resolved. */
  public ContainerSpec(
      String name,
      Optional<String> hostname,
      String image,
      RegistryAccess registry,
      Optional<MultiModelSpec> multiModel,
      Map<String, String> environment,
      Optional<Path> modelDirectory,
      Map<String, Path> additionalModelDirectories) {
    this(
        name,
        hostname,
        image,
        registry,
        multiModel,
        environment,
        modelDirectory,
        additionalModelDirectories,
        Optional.empty());
  }
}
