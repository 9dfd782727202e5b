package dev.berth.hosting.model;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.hosting.model.ModelPackages.Deployable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Replaces the model packages of a CreateModel request by their containers. */
final class PackageResolution {
  private final ModelPackages packages;
  private final List<List<String>> realtime = new ArrayList<>();
  private final List<List<String>> transform = new ArrayList<>();

  private PackageResolution(ModelPackages packages) {
    this.packages = packages;
  }

  /**
   * Returns the model with its containers as they run.
   *
   * @throws AwsException ValidationException when a package can't be used as the request does
   */
  static StoredModel of(CreateModelInput given, ModelPackages packages) {
    List<ContainerDefinition> containers = ModelRules.containers(given);
    if (containers.stream().allMatch(container -> container.modelPackageName() == null)) {
      return StoredModel.of(given);
    }
    return new PackageResolution(packages).resolve(given, containers);
  }

  private StoredModel resolve(CreateModelInput given, List<ContainerDefinition> containers) {
    var resolved = new ArrayList<ContainerDefinition>();
    for (ContainerDefinition container : containers) {
      if (container.modelPackageName() == null) {
        resolved.add(container);
      } else {
        resolved.addAll(containersOf(container, container.modelPackageName(), given));
      }
    }
    var model = given.toBuilder();
    if (resolved.size() == 1) {
      model.primaryContainer(resolved.getFirst()).containers(null);
    } else {
      model.primaryContainer(null).containers(resolved);
    }
    return new StoredModel(given, model.build(), inAll(realtime), inAll(transform));
  }

  private List<ContainerDefinition> containersOf(
      ContainerDefinition given, String packageName, CreateModelInput model) {
    Deployable deployable = packages.deployable(packageName, given.inferenceSpecificationName());
    realtime.add(deployable.realtimeInstanceTypes());
    transform.add(deployable.transformInstanceTypes());
    List<ContainerDefinition> packaged = deployable.containers();
    if (packaged.size() == 1) {
      return List.of(merged(given, packaged.getFirst()));
    }
    if (model.containers() != null && model.containers().size() > 1) {
      throw AwsException.validation(
          "Model package \"%s\" has %d containers; beside other containers a package can have one only."
              .formatted(packageName, packaged.size()));
    }
    if (given.environment() != null && !given.environment().isEmpty()) {
      throw AwsException.validation(
          "Environment can't be given with model package \"%s\", which has %d containers."
              .formatted(packageName, packaged.size()));
    }
    return packaged.stream()
        .map(container -> container.toBuilder().imageConfig(given.imageConfig()).build())
        .toList();
  }

  private static ContainerDefinition merged(
      ContainerDefinition given, ContainerDefinition packaged) {
    var environment = new LinkedHashMap<String, String>();
    add(environment, packaged.environment());
    add(environment, given.environment());
    return packaged.toBuilder()
        .environment(environment.isEmpty() ? null : environment)
        .containerHostname(
            given.containerHostname() == null
                ? packaged.containerHostname()
                : given.containerHostname())
        .imageConfig(given.imageConfig())
        .additionalModelDataSources(
            given.additionalModelDataSources() == null
                ? packaged.additionalModelDataSources()
                : given.additionalModelDataSources())
        .build();
  }

  private static void add(Map<String, String> to, @Nullable Map<String, String> from) {
    if (from != null) {
      to.putAll(from);
    }
  }

  /** Returns what all lists allow, where an empty one allows all. */
  private static List<String> inAll(List<List<String>> lists) {
    List<String> common = List.of();
    for (List<String> list : lists) {
      if (common.isEmpty()) {
        common = list;
      } else if (!list.isEmpty()) {
        common = common.stream().filter(list::contains).toList();
        if (common.isEmpty()) {
          throw AwsException.validation(
              "The model packages of the model have no supported instance type in common.");
        }
      }
    }
    return common;
  }
}
