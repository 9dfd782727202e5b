package dev.berth.registry;

import dev.berth.api.sagemaker.AdditionalInferenceSpecificationDefinition;
import dev.berth.api.sagemaker.CreateModelPackageInput;
import dev.berth.api.sagemaker.InferenceSpecification;
import dev.berth.api.sagemaker.ModelPackageContainerDefinition;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fills ImageDigest in where the Image says it. AWS asks the registry for it; here an image may
 * only be pulled when an endpoint needs it, and may be none at all.
 */
final class ImageDigests {
  private static final Pattern BY_DIGEST = Pattern.compile(".+@(sha256:[0-9a-fA-F]{64})");

  private ImageDigests() {}

  /** Returns the content with every digest that is known. */
  static CreateModelPackageInput filledIn(CreateModelPackageInput content) {
    InferenceSpecification specification = content.inferenceSpecification();
    List<AdditionalInferenceSpecificationDefinition> additional =
        content.additionalInferenceSpecifications();
    return content.toBuilder()
        .inferenceSpecification(
            specification == null
                ? null
                : specification.toBuilder()
                    .containers(filledIn(Objects.requireNonNull(specification.containers())))
                    .build())
        .additionalInferenceSpecifications(
            additional == null ? null : additional.stream().map(ImageDigests::filledIn).toList())
        .build();
  }

  private static AdditionalInferenceSpecificationDefinition filledIn(
      AdditionalInferenceSpecificationDefinition specification) {
    return specification.toBuilder()
        .containers(filledIn(Objects.requireNonNull(specification.containers())))
        .build();
  }

  private static List<ModelPackageContainerDefinition> filledIn(
      List<ModelPackageContainerDefinition> containers) {
    return containers.stream().map(ImageDigests::filledIn).toList();
  }

  private static ModelPackageContainerDefinition filledIn(
      ModelPackageContainerDefinition container) {
    if (container.image() == null || container.imageDigest() != null) {
      return container;
    }
    Matcher image = BY_DIGEST.matcher(container.image());
    return image.matches() ? container.toBuilder().imageDigest(image.group(1)).build() : container;
  }
}
