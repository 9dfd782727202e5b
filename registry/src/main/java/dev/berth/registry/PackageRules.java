package dev.berth.registry;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.AdditionalInferenceSpecificationDefinition;
import dev.berth.api.sagemaker.CreateModelPackageInput;
import dev.berth.api.sagemaker.InferenceSpecification;
import dev.berth.api.sagemaker.ModelPackageContainerDefinition;
import dev.berth.api.sagemaker.ModelPackageModelCard;
import dev.berth.api.sagemaker.SkipModelValidation;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The rules of model packages that their shapes' constraints don't say (API Reference,
 * CreateModelPackage and UpdateModelPackage). AWS's own words where they have been seen; ours,
 * naming field, value and rule, where not.
 */
final class PackageRules {
  /** Most additional specifications of a package, however many requests added them. */
  private static final int MAX_ADDITIONAL = 15;

  private static final int MAX_CUSTOMER_METADATA = 50;

  private PackageRules() {}

  /**
   * Checks a request before its SourceUri is looked up.
   *
   * @throws AwsException ValidationException that says which rule is broken
   */
  static void checkRequest(CreateModelPackageInput request) {
    checkName(request);
    checkNotExecuted(request);
    if (isVersioned(request) && request.tags() != null && !request.tags().isEmpty()) {
      throw AwsException.validation(
          "Tags are not supported on a version of a model package. Tag its model package group, or use CustomerMetadataProperties.");
    }
  }

  /**
   * Checks what a package shall hold.
   *
   * @throws AwsException ValidationException that says which rule is broken
   */
  static void checkContent(CreateModelPackageInput content, boolean isVersioned) {
    if (!isVersioned) {
      checkUnversioned(content);
    }
    InferenceSpecification specification = content.inferenceSpecification();
    if (specification != null) {
      checkContainers(specification.containers(), "InferenceSpecification");
    }
    checkAdditional(content.additionalInferenceSpecifications());
    checkModelCard(content.modelCard());
    Map<String, String> metadata = content.customerMetadataProperties();
    if (metadata != null && metadata.size() > MAX_CUSTOMER_METADATA) {
      throw AwsException.validation(
          "CustomerMetadataProperties would have %d entries; a model package has at most %d."
              .formatted(metadata.size(), MAX_CUSTOMER_METADATA));
    }
  }

  static boolean isVersioned(CreateModelPackageInput request) {
    return request.modelPackageGroupName() != null;
  }

  private static void checkName(CreateModelPackageInput request) {
    if (request.modelPackageName() != null && request.modelPackageGroupName() != null) {
      throw AwsException.validation(
          "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one to use.");
    }
    if (request.modelPackageName() == null && request.modelPackageGroupName() == null) {
      throw AwsException.validation("Missing ARN.");
    }
  }

  private static void checkNotExecuted(CreateModelPackageInput request) {
    if (request.managedStorageType() != null) {
      throw AwsException.validation(
          "ManagedStorageType is \"%s\": Berth has no managed storage. Leave it out; model data stays where it is."
              .formatted(request.managedStorageType().wire()));
    }
    if (Boolean.TRUE.equals(request.certifyForMarketplace())) {
      throw AwsException.validation(
          "CertifyForMarketplace is true: Berth has no marketplace. Leave it out or set it to false.");
    }
    if (request.sourceAlgorithmSpecification() != null) {
      var algorithm =
          Objects.requireNonNull(request.sourceAlgorithmSpecification().sourceAlgorithms())
              .getFirst()
              .algorithmName();
      throw AwsException.validation(
          "Could not find algorithm \"%s\": Berth has no algorithms. Give InferenceSpecification instead of SourceAlgorithmSpecification."
              .formatted(algorithm));
    }
    if (request.validationSpecification() != null
        && request.skipModelValidation() != SkipModelValidation.ALL) {
      throw AwsException.validation(
          "ValidationSpecification is given: Berth does not run validation jobs. Leave it out, or set SkipModelValidation to All.");
    }
  }

  private static void checkUnversioned(CreateModelPackageInput content) {
    InferenceSpecification specification = content.inferenceSpecification();
    if (specification == null) {
      throw AwsException.validation(
          "InferenceSpecification is required for a model package without a version.");
    }
    for (ModelPackageContainerDefinition container :
        Objects.requireNonNull(specification.containers())) {
      if (container.environment() != null && !container.environment().isEmpty()) {
        throw AwsException.validation(
            "1 validation errors detected:Environment variable map cannot be specified when using non-versioned ModelPackages");
      }
    }
    if (isEmpty(specification.supportedRealtimeInferenceInstanceTypes())
        || isEmpty(specification.supportedTransformInstanceTypes())) {
      throw AwsException.validation(
          "SupportedRealtimeInferenceInstanceTypes and SupportedTransformInstanceTypes of InferenceSpecification are required for a model package without a version.");
    }
  }

  private static boolean isEmpty(@Nullable List<?> list) {
    return list == null || list.isEmpty();
  }

  private static void checkContainers(
      @Nullable List<ModelPackageContainerDefinition> containers, String path) {
    int index = 0;
    for (ModelPackageContainerDefinition container : Objects.requireNonNull(containers)) {
      if (container.modelDataUrl() != null && container.modelDataSource() != null) {
        throw AwsException.validation(
            "Both ModelDataUrl and ModelDataSource are given in %s.Containers[%d]. Specify at most one of them."
                .formatted(path, index));
      }
      index++;
    }
  }

  private static void checkAdditional(
      @Nullable List<AdditionalInferenceSpecificationDefinition> additional) {
    if (additional == null) {
      return;
    }
    if (additional.size() > MAX_ADDITIONAL) {
      throw AwsException.validation(
          "The model package would have %d additional inference specifications; it has at most %d."
              .formatted(additional.size(), MAX_ADDITIONAL));
    }
    var names = new HashSet<@Nullable String>();
    for (AdditionalInferenceSpecificationDefinition specification : additional) {
      if (!names.add(specification.name())) {
        throw AwsException.validation(
            "The additional inference specification name \"%s\" is not unique within the model package."
                .formatted(specification.name()));
      }
      checkContainers(
          specification.containers(),
          "AdditionalInferenceSpecifications[\"%s\"]".formatted(specification.name()));
    }
  }

  private static void checkModelCard(@Nullable ModelPackageModelCard card) {
    if (card != null
        && card.modelCardContent() != null
        && !Json.isObject(card.modelCardContent())) {
      throw AwsException.validation("ModelCard.ModelCardContent is not a JSON object.");
    }
  }
}
