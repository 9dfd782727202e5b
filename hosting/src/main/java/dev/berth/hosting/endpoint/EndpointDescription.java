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
import dev.berth.store.Resource;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** DescribeEndpoint's answer, from what is stored and how many instances are in service. */
final class EndpointDescription {
  private EndpointDescription() {}

  /** Counts the instances in service of one variant of one fleet. */
  @FunctionalInterface
  interface InService {
    int count(String endpointId, long generation, String variant);
  }

  static DescribeEndpointOutput of(Resource endpoint, InService inService) {
    EndpointDocument document = EndpointDocument.parse(endpoint.document());
    Fleet shown = document.active() == null ? document.pending() : document.active();
    CreateEndpointConfigInput config = shown == null ? null : config(shown);
    return DescribeEndpointOutput.builder()
        .endpointName(endpoint.key().name())
        .endpointArn(endpoint.arn())
        .endpointConfigName(shown == null ? document.failedConfigName() : shown.configName())
        .productionVariants(
            document.active() == null ? null : variants(endpoint, document.active(), inService))
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
        .pendingDeploymentSummary(pending(endpoint, document, inService))
        .build();
  }

  private static List<ProductionVariantSummary> variants(
      Resource endpoint, Fleet fleet, InService inService) {
    CreateEndpointConfigInput config = config(fleet);
    return fleet.variants().stream()
        .map(variant -> {
          int current = inService.count(endpoint.id(), fleet.generation(), variant.name());
          ProductionVariant configured = configured(config, variant.name());
          return ProductionVariantSummary.builder()
              .variantName(variant.name())
              .deployedImages(images(fleet, variant))
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
      Resource endpoint, EndpointDocument document, InService inService) {
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
                  int current = inService.count(endpoint.id(), fleet.generation(), variant.name());
                  return PendingProductionVariantSummary.builder()
                      .variantName(variant.name())
                      .deployedImages(images(fleet, variant))
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

  private static List<DeployedImage> images(Fleet fleet, Fleet.Variant variant) {
    return variant.model().containers().stream()
        .map(container ->
            DeployedImage.builder()
                .specifiedImage(container.image())
                .resolvedImage(container.image())
                .resolutionTime(Instant.ofEpochMilli(fleet.startedAtMillis()))
                .build())
        .toList();
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
