package dev.berth.registry;

import dev.berth.api.sagemaker.AdditionalInferenceSpecificationDefinition;
import dev.berth.api.sagemaker.CreateModelPackageInput;
import dev.berth.api.sagemaker.UpdateModelPackageInput;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What an UpdateModelPackage request makes of a package. Pure. */
final class PackageChanges {
  private PackageChanges() {}

  /**
   * Returns the content after the update: members that the request doesn't have stay as they are.
   *
   * @throws dev.berth.api.error.AwsException ValidationException when the package would break a
   *     rule
   */
  static CreateModelPackageInput apply(
      UpdateModelPackageInput update, CreateModelPackageInput content) {
    var changed = content.toBuilder();
    if (update.modelApprovalStatus() != null) {
      changed.modelApprovalStatus(update.modelApprovalStatus());
    }
    if (update.modelPackageRegistrationType() != null) {
      changed.modelPackageRegistrationType(update.modelPackageRegistrationType());
    }
    if (update.inferenceSpecification() != null) {
      changed.inferenceSpecification(update.inferenceSpecification());
    }
    if (update.sourceUri() != null) {
      changed.sourceUri(update.sourceUri());
    }
    if (update.modelCard() != null) {
      changed.modelCard(update.modelCard());
    }
    if (update.modelLifeCycle() != null) {
      changed.modelLifeCycle(update.modelLifeCycle());
    }
    changed.customerMetadataProperties(
        metadata(
            content.customerMetadataProperties(),
            update.customerMetadataProperties(),
            update.customerMetadataPropertiesToRemove()));
    changed.additionalInferenceSpecifications(
        additional(
            content.additionalInferenceSpecifications(),
            update.additionalInferenceSpecificationsToAdd()));
    CreateModelPackageInput result = ImageDigests.filledIn(changed.build());
    PackageRules.checkContent(result, true);
    return result;
  }

  /** Merges, then removes; keys that aren't there are passed over. */
  private static @Nullable Map<String, String> metadata(
      @Nullable Map<String, String> now,
      @Nullable Map<String, String> added,
      @Nullable List<String> removed) {
    var merged = new LinkedHashMap<String, String>();
    if (now != null) {
      merged.putAll(now);
    }
    if (added != null) {
      merged.putAll(added);
    }
    if (removed != null) {
      removed.forEach(merged::remove);
    }
    return merged.isEmpty() ? null : merged;
  }

  private static @Nullable List<AdditionalInferenceSpecificationDefinition> additional(
      @Nullable List<AdditionalInferenceSpecificationDefinition> now,
      @Nullable List<AdditionalInferenceSpecificationDefinition> added) {
    if (now == null || added == null) {
      return now == null ? added : now;
    }
    var all = new ArrayList<AdditionalInferenceSpecificationDefinition>(now);
    all.addAll(added);
    return all;
  }
}
