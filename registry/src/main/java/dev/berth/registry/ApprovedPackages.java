package dev.berth.registry;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.AdditionalInferenceSpecificationDefinition;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.CreateModelPackageInput;
import dev.berth.api.sagemaker.InferenceSpecification;
import dev.berth.api.sagemaker.ModelApprovalStatus;
import dev.berth.api.sagemaker.ModelPackageContainerDefinition;
import dev.berth.hosting.model.ModelPackages;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.store.Resource;
import dev.berth.store.Store;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The packages of the registry as CreateModel takes them: a version only when it is Approved
 * (Developer Guide, "Update the Approval Status of a Model").
 */
public final class ApprovedPackages implements ModelPackages {
  private final Store store;
  private final Arns arns;

  public ApprovedPackages(Store store, Arns arns) {
    this.store = store;
    this.arns = arns;
  }

  @Override
  public Deployable deployable(String nameOrArn, @Nullable String inferenceSpecificationName) {
    PackageId id = PackageId.parse(nameOrArn, arns);
    Resource resource =
        store.find(id.key()).orElseThrow(() -> Kind.MODEL_PACKAGE.notFound(id.arn(arns)));
    CreateModelPackageInput content = PackageDocument.parse(resource.document()).request();
    if (id instanceof PackageId.Version) {
      checkApproved(content, resource.arn());
    }
    InferenceSpecification specification =
        inferenceSpecificationName == null
            ? own(content, resource.arn())
            : additional(content, inferenceSpecificationName, resource.arn());
    return new Deployable(
        Objects.requireNonNull(specification.containers()).stream()
            .map(container -> definition(container, resource.arn()))
            .toList(),
        Objects.requireNonNullElse(
            specification.supportedRealtimeInferenceInstanceTypes(), List.of()),
        Objects.requireNonNullElse(specification.supportedTransformInstanceTypes(), List.of()));
  }

  private static void checkApproved(CreateModelPackageInput content, String arn) {
    ModelApprovalStatus status = Objects.requireNonNull(content.modelApprovalStatus());
    if (status != ModelApprovalStatus.APPROVED) {
      throw AwsException.validation(
          "Model package %s can't be deployed: its ModelApprovalStatus is \"%s\". Set it to \"Approved\" first."
              .formatted(arn, status.wire()));
    }
  }

  private static InferenceSpecification own(CreateModelPackageInput content, String arn) {
    if (content.inferenceSpecification() == null) {
      throw AwsException.validation(
          "Model package %s can't be deployed: it has no InferenceSpecification.".formatted(arn));
    }
    return content.inferenceSpecification();
  }

  private static InferenceSpecification additional(
      CreateModelPackageInput content, String name, String arn) {
    List<AdditionalInferenceSpecificationDefinition> all =
        Objects.requireNonNullElse(content.additionalInferenceSpecifications(), List.of());
    for (AdditionalInferenceSpecificationDefinition one : all) {
      if (name.equals(one.name())) {
        return InferenceSpecification.builder()
            .containers(one.containers())
            .supportedRealtimeInferenceInstanceTypes(one.supportedRealtimeInferenceInstanceTypes())
            .supportedTransformInstanceTypes(one.supportedTransformInstanceTypes())
            .build();
      }
    }
    throw AwsException.validation(
        "Could not find inference specification \"%s\" in model package %s; its additional inference specifications are: %s."
            .formatted(
                name,
                arn,
                all.isEmpty()
                    ? "none"
                    : all.stream()
                        .map(one -> String.valueOf(one.name()))
                        .collect(Collectors.joining(", "))));
  }

  private static ContainerDefinition definition(
      ModelPackageContainerDefinition container, String arn) {
    if (container.productId() != null) {
      throw AwsException.validation("Caller is not subscribed to the marketplace offering.");
    }
    if (container.image() == null) {
      throw AwsException.validation(
          "Model package %s can't be deployed: a container of it has no Image.".formatted(arn));
    }
    if (container.additionalS3DataSource() != null) {
      throw AwsException.validation(
          "Model package %s can't be deployed: Berth does not mount AdditionalS3DataSource. Use AdditionalModelDataSources."
              .formatted(arn));
    }
    return ContainerDefinition.builder()
        .containerHostname(container.containerHostname())
        .image(container.image())
        .modelDataUrl(container.modelDataUrl())
        .modelDataSource(container.modelDataSource())
        .additionalModelDataSources(container.additionalModelDataSources())
        .environment(container.environment())
        .build();
  }
}
