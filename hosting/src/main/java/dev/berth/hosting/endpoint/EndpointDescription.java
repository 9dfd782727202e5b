package dev.berth.hosting.endpoint;

import dev.berth.api.json.ApiJson;
import dev.berth.api.sagemaker.CreateEndpointConfigInput;
import dev.berth.api.sagemaker.DeployedImage;
import dev.berth.api.sagemaker.DeploymentConfig;
import dev.berth.api.sagemaker.DescribeEndpointOutput;
import dev.berth.api.sagemaker.PendingDeploymentSummary;
import dev.berth.api.sagemaker.PendingProductionVariantSummary;
import dev.berth.api.sagemaker.ProductionVariant;
import dev.berth.api.sagemaker.ProductionVariantStatus;
import dev.berth.api.sagemaker.ProductionVariantSummary;
import dev.berth.api.sagemaker.VariantStatus;
import dev.berth.hosting.plan.ContainerPlan;
import dev.berth.hosting.runtime.ResolvedImage;
import dev.berth.store.Resource;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** DescribeEndpoint's answer, from what is stored and what is observed. */
final class EndpointDescription {
  private EndpointDescription() {}

  /** What is observed of the instances of one variant of one fleet. */
  interface Observed {
    /** Returns how many are in service. */
    int inService(String endpointId, long generation, String variant);

    /** Returns what its images stand for; empty when none of them tells. */
    List<ResolvedImage> images(String endpointId, long generation, String variant);
  }

  static DescribeEndpointOutput of(Resource endpoint, Observed observed) {
    EndpointDocument document = EndpointDocument.parse(endpoint.document());
    Fleet shown = document.active() == null ? document.pending() : document.active();
    CreateEndpointConfigInput config = shown == null ? null : config(shown);
    return DescribeEndpointOutput.builder()
        .endpointName(endpoint.key().name())
        .endpointArn(endpoint.arn())
        .endpointConfigName(shown == null ? document.failedConfigName() : shown.configName())
        .productionVariants(
            document.active() == null ? null : variants(endpoint, document.active(), observed))
        .endpointStatus(dev.berth.api.sagemaker.EndpointStatus.of(endpoint.status()))
        .failureReason(document.failureReason())
        .creationTime(endpoint.createdAt())
        .lastModifiedTime(endpoint.modifiedAt())
        .lastDeploymentConfig(
            document.deploymentConfig() == null
                ? null
                : ApiJson.fromJson(document.deploymentConfig(), DeploymentConfig.SHAPE))
        .asyncInferenceConfig(config == null ? null : config.asyncInferenceConfig())
        .explainerConfig(config == null ? null : config.explainerConfig())
        .metricsConfig(config == null ? null : config.metricsConfig())
        .pendingDeploymentSummary(pending(endpoint, document, observed))
        .build();
  }

  private static List<ProductionVariantSummary> variants(
      Resource endpoint, Fleet fleet, Observed observed) {
    CreateEndpointConfigInput config = config(fleet);
    return fleet.variants().stream()
        .map(variant -> {
          int current = observed.inService(endpoint.id(), fleet.generation(), variant.name());
          ProductionVariant configured = configured(config, variant.name());
          return ProductionVariantSummary.builder()
              .variantName(variant.name())
              .deployedImages(images(endpoint, fleet, variant, observed))
              .currentWeight(variant.currentWeight())
              .desiredWeight(variant.desiredWeight())
              .currentInstanceCount(current)
              .desiredInstanceCount(variant.desiredCount())
              .variantStatus(status(variant, current, fleet))
              .managedInstanceScaling(configured.managedInstanceScaling())
              .routingConfig(configured.routingConfig())
              .build();
        })
        .toList();
  }

  private static @Nullable PendingDeploymentSummary pending(
      Resource endpoint, EndpointDocument document, Observed observed) {
    Fleet fleet = document.pending();
    if (fleet == null || document.active() == null) {
      return null;
    }
    return PendingDeploymentSummary.builder()
        .endpointConfigName(fleet.configName())
        .startTime(Instant.ofEpochMilli(fleet.startedAtMillis()))
        .productionVariants(
            fleet.variants().stream()
                .map(variant -> {
                  int current =
                      observed.inService(endpoint.id(), fleet.generation(), variant.name());
                  return PendingProductionVariantSummary.builder()
                      .variantName(variant.name())
                      .deployedImages(images(endpoint, fleet, variant, observed))
                      .currentWeight(0f)
                      .desiredWeight(variant.desiredWeight())
                      .currentInstanceCount(current)
                      .desiredInstanceCount(variant.desiredCount())
                      .instanceType(variant.instanceType())
                      .variantStatus(status(variant, current, fleet))
                      .build();
                })
                .toList())
        .build();
  }

  /** Messages as in the Developer Guide's table of variant statuses. */
  private static @Nullable List<ProductionVariantStatus> status(
      Fleet.Variant variant, int current, Fleet fleet) {
    int missing = variant.desiredCount() - current;
    if (missing <= 0) {
      return null;
    }
    return List.of(
        ProductionVariantStatus.builder()
            .status(VariantStatus.CREATING)
            .statusMessage("Launching %d instance(s).".formatted(missing))
            .startTime(Instant.ofEpochMilli(fleet.startedAtMillis()))
            .build());
  }

  /** One for each container; only with the name given where nothing stands behind it. */
  private static List<DeployedImage> images(
      Resource endpoint, Fleet fleet, Fleet.Variant variant, Observed observed) {
    List<ResolvedImage> resolved =
        variant.images().isEmpty()
            ? observed.images(endpoint.id(), fleet.generation(), variant.name())
            : variant.images();
    var images = new ArrayList<DeployedImage>();
    for (ContainerPlan container : variant.model().containers()) {
      var image = DeployedImage.builder().specifiedImage(container.image());
      if (images.size() < resolved.size()) {
        ResolvedImage stands = resolved.get(images.size());
        image
            .resolvedImage(stands.reference())
            .resolutionTime(Instant.ofEpochMilli(stands.resolvedAtMillis()));
      }
      images.add(image.build());
    }
    return images;
  }

  private static CreateEndpointConfigInput config(Fleet fleet) {
    return ApiJson.fromJson(fleet.configDocument(), CreateEndpointConfigInput.SHAPE);
  }

  private static ProductionVariant configured(CreateEndpointConfigInput config, String name) {
    return Objects.requireNonNull(config.productionVariants()).stream()
        .filter(variant -> name.equals(variant.variantName()))
        .findFirst()
        .orElseThrow();
  }
}
