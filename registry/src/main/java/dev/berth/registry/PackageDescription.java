package dev.berth.registry;

import dev.berth.api.sagemaker.BatchDescribeModelPackageSummary;
import dev.berth.api.sagemaker.CreateModelPackageInput;
import dev.berth.api.sagemaker.DescribeModelPackageOutput;
import dev.berth.api.sagemaker.ModelPackageModelCard;
import dev.berth.api.sagemaker.ModelPackageStatus;
import dev.berth.api.sagemaker.ModelPackageStatusDetails;
import dev.berth.api.sagemaker.ModelPackageSummary;
import dev.berth.store.Resource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A stored package as the API shows it. A version has a group and a number and no ModelPackageName,
 * as AWS answers though its model requires one. There is no validation to wait for: a package is
 * Completed from the start.
 */
final class PackageDescription {
  private PackageDescription() {}

  static DescribeModelPackageOutput of(Resource resource, boolean isMetadataOnly) {
    PackageDocument document = PackageDocument.parse(resource.document());
    CreateModelPackageInput content = document.request();
    Names names = Names.of(resource);
    boolean isChanged = document.lastModifiedBy() != null;
    return DescribeModelPackageOutput.builder()
        .modelPackageName(names.single())
        .modelPackageGroupName(names.group())
        .modelPackageVersion(names.version())
        .modelPackageRegistrationType(content.modelPackageRegistrationType())
        .modelPackageArn(resource.arn())
        .modelPackageDescription(content.modelPackageDescription())
        .creationTime(resource.createdAt())
        .inferenceSpecification(content.inferenceSpecification())
        .validationSpecification(content.validationSpecification())
        .modelPackageStatus(ModelPackageStatus.COMPLETED)
        .modelPackageStatusDetails(
            ModelPackageStatusDetails.builder()
                .validationStatuses(List.of())
                .imageScanStatuses(List.of())
                .build())
        .certifyForMarketplace(Boolean.TRUE.equals(content.certifyForMarketplace()))
        .modelApprovalStatus(content.modelApprovalStatus())
        .createdBy(document.createdBy().userContext())
        .metadataProperties(content.metadataProperties())
        .modelMetrics(content.modelMetrics())
        .lastModifiedTime(isChanged ? resource.modifiedAt() : null)
        .lastModifiedBy(
            document.lastModifiedBy() == null ? null : document.lastModifiedBy().userContext())
        .approvalDescription(document.approvalDescription())
        .domain(content.domain())
        .task(content.task())
        .samplePayloadUrl(content.samplePayloadUrl())
        .customerMetadataProperties(content.customerMetadataProperties())
        .driftCheckBaselines(content.driftCheckBaselines())
        .additionalInferenceSpecifications(content.additionalInferenceSpecifications())
        .skipModelValidation(content.skipModelValidation())
        .sourceUri(content.sourceUri())
        .securityConfig(content.securityConfig())
        .modelCard(card(content.modelCard(), isMetadataOnly))
        .modelLifeCycle(content.modelLifeCycle())
        .build();
  }

  static ModelPackageSummary summary(Resource resource) {
    CreateModelPackageInput content = PackageDocument.parse(resource.document()).request();
    Names names = Names.of(resource);
    return ModelPackageSummary.builder()
        .modelPackageName(names.single())
        .modelPackageGroupName(names.group())
        .modelPackageVersion(names.version())
        .modelPackageArn(resource.arn())
        .modelPackageDescription(content.modelPackageDescription())
        .creationTime(resource.createdAt())
        .modelPackageStatus(ModelPackageStatus.COMPLETED)
        .modelApprovalStatus(content.modelApprovalStatus())
        .modelLifeCycle(content.modelLifeCycle())
        .modelPackageRegistrationType(content.modelPackageRegistrationType())
        .build();
  }

  static BatchDescribeModelPackageSummary batchSummary(Resource resource) {
    CreateModelPackageInput content = PackageDocument.parse(resource.document()).request();
    Names names = Names.of(resource);
    return BatchDescribeModelPackageSummary.builder()
        .modelPackageGroupName(names.group())
        .modelPackageVersion(names.version())
        .modelPackageArn(resource.arn())
        .modelPackageDescription(content.modelPackageDescription())
        .creationTime(resource.createdAt())
        .inferenceSpecification(content.inferenceSpecification())
        .modelPackageStatus(ModelPackageStatus.COMPLETED)
        .modelApprovalStatus(content.modelApprovalStatus())
        .modelPackageRegistrationType(content.modelPackageRegistrationType())
        .build();
  }

  /** A package's names as the API has them: one, or the two others. */
  private record Names(@Nullable String single, @Nullable String group, @Nullable Integer version) {
    static Names of(Resource resource) {
      return switch (PackageId.of(resource)) {
        case PackageId.Single(String name) -> new Names(name, null, null);
        case PackageId.Version(String group, int number) -> new Names(null, group, number);
      };
    }
  }

  private static @Nullable ModelPackageModelCard card(
      @Nullable ModelPackageModelCard card, boolean isMetadataOnly) {
    return card == null || !isMetadataOnly ? card : card.toBuilder().modelCardContent(null).build();
  }
}
