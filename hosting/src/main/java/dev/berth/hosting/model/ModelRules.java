package dev.berth.hosting.model;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.AdditionalModelDataSource;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.ContainerMode;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.ImageConfig;
import dev.berth.api.sagemaker.InferenceExecutionMode;
import dev.berth.api.sagemaker.ModelCompressionType;
import dev.berth.api.sagemaker.RepositoryAccessMode;
import dev.berth.api.sagemaker.S3ModelDataSource;
import dev.berth.api.sagemaker.S3ModelDataType;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rules of CreateModel that its shape's constraints don't say (API Reference, CreateModel and
 * ContainerDefinition). AWS's own words where they have been seen; ours, naming field, value and
 * rule, where not.
 */
final class ModelRules {
  /** All Environment maps of one request together, UTF-8 bytes of keys and values. */
  private static final int MAX_ENVIRONMENT_BYTES = 32 * 1024;

  private ModelRules() {}

  /**
   * Checks a request.
   *
   * @throws AwsException ValidationException that says which rule is broken
   */
  static void check(CreateModelInput model) {
    List<ContainerDefinition> containers = containers(model);
    for (int i = 0; i < containers.size(); i++) {
      checkContainer(containers.get(i), path(model, i));
      checkRegistry(model, containers.get(i).imageConfig(), path(model, i) + ".ImageConfig");
    }
    checkHostnames(model, containers);
    checkMultiModel(containers, isDirect(model));
    checkEnvironmentSize(containers);
  }

  /**
   * Returns the model's containers, whichever of the two members they are in. Containers may be
   * one: the SageMaker Python SDK makes models of packages so.
   */
  static List<ContainerDefinition> containers(CreateModelInput model) {
    ContainerDefinition primary = model.primaryContainer();
    List<ContainerDefinition> several = model.containers();
    boolean hasSeveral = several != null && !several.isEmpty();
    if (primary != null && hasSeveral) {
      throw AwsException.validation(
          "Both PrimaryContainer and Containers are given. Specify exactly one of PrimaryContainer or Containers.");
    }
    if (primary != null) {
      return List.of(primary);
    }
    if (several == null || several.isEmpty()) {
      throw AwsException.validation(
          "Neither PrimaryContainer nor Containers is given. Specify exactly one of PrimaryContainer or Containers.");
    }
    return several;
  }

  private static String path(CreateModelInput model, int index) {
    return model.primaryContainer() != null
        ? "PrimaryContainer"
        : "Containers[%d]".formatted(index);
  }

  private static void checkContainer(ContainerDefinition container, String path) {
    if (container.modelPackageName() != null) {
      if (container.image() != null
          || container.modelDataUrl() != null
          || container.modelDataSource() != null) {
        throw specifyOneOf();
      }
      if (container.mode() == ContainerMode.MULTI_MODEL) {
        throw AwsException.validation(
            "%s.Mode MultiModel can't be used with a ModelPackageName.".formatted(path));
      }
      checkChannels(container, path);
      return;
    }
    if (container.image() == null) {
      throw specifyOneOf();
    }
    if (container.inferenceSpecificationName() != null) {
      throw AwsException.validation(
          "%s.InferenceSpecificationName is \"%s\" without a ModelPackageName to take it from."
              .formatted(path, container.inferenceSpecificationName()));
    }
    if (container.modelDataUrl() != null && container.modelDataSource() != null) {
      throw AwsException.validation(
          "Both ModelDataUrl and ModelDataSource are given in %s. Specify at most one of them."
              .formatted(path));
    }
    if (container.modelDataUrl() != null) {
      S3Urls.parse(container.modelDataUrl(), path + ".ModelDataUrl");
    }
    if (container.modelDataSource() != null && container.modelDataSource().s3DataSource() != null) {
      checkDataSource(
          container.modelDataSource().s3DataSource(), path + ".ModelDataSource.S3DataSource");
    }
    checkChannels(container, path);
    boolean isMultiModel = container.mode() == ContainerMode.MULTI_MODEL;
    if (isMultiModel && container.modelDataSource() != null) {
      throw AwsException.validation(
          "%s.ModelDataSource can't be used with Mode MultiModel; give the models' prefix as ModelDataUrl."
              .formatted(path));
    }
    if (!isMultiModel && container.multiModelConfig() != null) {
      throw AwsException.validation(
          "%s.MultiModelConfig is given but Mode is not MultiModel.".formatted(path));
    }
    if (isMultiModel && container.modelDataUrl() == null) {
      throw AwsException.validation(
          "%s.ModelDataUrl is required with Mode MultiModel: the S3 prefix of the models."
              .formatted(path));
    }
  }

  private static void checkRegistry(
      CreateModelInput model, @Nullable ImageConfig image, String path) {
    if (image == null) {
      return;
    }
    boolean isPrivate = image.repositoryAccessMode() == RepositoryAccessMode.VPC;
    if (isPrivate && model.vpcConfig() == null) {
      throw AwsException.validation(
          "%s.RepositoryAccessMode is Vpc but the model has no VpcConfig; a private registry is reached through the model's VPC."
              .formatted(path));
    }
    if (!isPrivate && image.repositoryAuthConfig() != null) {
      throw AwsException.validation(
          "%s.RepositoryAuthConfig is given but RepositoryAccessMode is Platform; only with Vpc does a registry ask for credentials."
              .formatted(path));
    }
  }

  private static AwsException specifyOneOf() {
    return AwsException.validation(
        "Specify one of either Image and Model Data URL or ModelPackageName in container definition.");
  }

  private static void checkChannels(ContainerDefinition container, String path) {
    var channels = new HashSet<@Nullable String>();
    List<AdditionalModelDataSource> sources = container.additionalModelDataSources();
    if (sources == null) {
      return;
    }
    for (int i = 0; i < sources.size(); i++) {
      AdditionalModelDataSource source = sources.get(i);
      String at = "%s.AdditionalModelDataSources[%d]".formatted(path, i);
      if (!channels.add(source.channelName())) {
        throw AwsException.validation(
            "%s.ChannelName \"%s\" is not unique within the container."
                .formatted(at, source.channelName()));
      }
      if (source.s3DataSource() != null) {
        checkDataSource(source.s3DataSource(), at + ".S3DataSource");
      }
    }
  }

  private static void checkDataSource(S3ModelDataSource source, String path) {
    String uri = String.valueOf(source.s3Uri());
    S3Urls.parse(uri, path + ".S3Uri");
    if (source.s3DataType() == S3ModelDataType.S3_PREFIX) {
      if (!uri.endsWith("/")) {
        throw AwsException.validation(
            "%s.S3Uri is \"%s\": with S3DataType S3Prefix it must end with a forward slash."
                .formatted(path, uri));
      }
      if (source.compressionType() == ModelCompressionType.GZIP) {
        throw AwsException.validation(
            "%s has S3DataType S3Prefix with CompressionType Gzip; a prefix must be uncompressed (None)."
                .formatted(path));
      }
    } else if (uri.endsWith("/")) {
      throw AwsException.validation(
          "%s.S3Uri is \"%s\": with S3DataType S3Object it must name one object, not a prefix."
              .formatted(path, uri));
    }
  }

  private static void checkHostnames(CreateModelInput model, List<ContainerDefinition> containers) {
    var names = new HashSet<String>();
    int named = 0;
    for (ContainerDefinition container : containers) {
      String name = container.containerHostname();
      if (name == null) {
        continue;
      }
      named++;
      if (!names.add(name)) {
        throw AwsException.validation(
            "ContainerHostname \"%s\" is not unique within the model.".formatted(name));
      }
    }
    boolean isDirect = isDirect(model);
    if (isDirect && containers.size() == 1) {
      throw AwsException.validation(
          "InferenceExecutionConfig.Mode is Direct but the model has one container; Direct needs Containers.");
    }
    if (isDirect && named < containers.size()) {
      throw AwsException.validation(
          "InferenceExecutionConfig.Mode is Direct: every container needs a ContainerHostname, %d of %d have one."
              .formatted(named, containers.size()));
    }
    if (named > 0 && named < containers.size()) {
      throw AwsException.validation(
          "%d of %d containers have a ContainerHostname: give one to all of them or to none."
              .formatted(named, containers.size()));
    }
  }

  /** One container of a serial pipeline may have many models (Developer Guide, "Multi-model"). */
  private static void checkMultiModel(List<ContainerDefinition> containers, boolean isDirect) {
    long multiModel =
        containers.stream()
            .filter(container -> container.mode() == ContainerMode.MULTI_MODEL)
            .count();
    if (multiModel > 1) {
      throw AwsException.validation(
          "Mode MultiModel is given for %d of %d containers; at most one of an inference pipeline can have it."
              .formatted(multiModel, containers.size()));
    }
    if (multiModel == 1 && isDirect) {
      throw AwsException.validation(
          "Mode MultiModel can't be used with InferenceExecutionConfig.Mode Direct: use Serial, or a model with one container.");
    }
  }

  private static boolean isDirect(CreateModelInput model) {
    return model.inferenceExecutionConfig() != null
        && model.inferenceExecutionConfig().mode() == InferenceExecutionMode.DIRECT;
  }

  private static void checkEnvironmentSize(List<ContainerDefinition> containers) {
    long bytes = 0;
    for (ContainerDefinition container : containers) {
      Map<String, String> environment = container.environment();
      if (environment == null) {
        continue;
      }
      for (var entry : environment.entrySet()) {
        bytes +=
            entry.getKey().getBytes(StandardCharsets.UTF_8).length
                + entry.getValue().getBytes(StandardCharsets.UTF_8).length;
      }
    }
    if (bytes > MAX_ENVIRONMENT_BYTES) {
      throw AwsException.validation(
          "Environment of all containers together is %d bytes; at most %d bytes are allowed."
              .formatted(bytes, MAX_ENVIRONMENT_BYTES));
    }
  }
}
