package dev.berth.hosting.endpoint;

import dev.berth.api.sagemaker.CreateEndpointConfigInput;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.ProductionVariant;
import dev.berth.api.sagemaker.RoutingStrategy;
import dev.berth.hosting.plan.ModelPlan;
import dev.berth.hosting.plan.ModelPlans;
import dev.berth.hosting.runtime.Capability;
import dev.berth.hosting.runtime.NetworkSpec;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes a fleet of an endpoint config and its models. Pure. What a runtime may not be able to do is
 * written down as a {@link Capability} that it needs, so that nothing asked for is passed over in
 * silence.
 */
final class FleetAssembly {
  /** ModelDataDownloadTimeoutInSeconds when absent; the API documents none, this is its maximum. */
  private static final int DEFAULT_DOWNLOAD_SECONDS = 3600;

  /** ContainerStartupHealthCheckTimeoutInSeconds when absent (Developer Guide: 8 minutes). */
  private static final int DEFAULT_STARTUP_SECONDS = 480;

  private static final float DEFAULT_WEIGHT = 1;

  /** How a deployment goes, from its DeploymentConfig. */
  record Pace(int maximumSeconds, int terminationWaitSeconds) {}

  private FleetAssembly() {}

  /**
   * Returns the fleet.
   *
   * @param models gives the model that a variant names
   * @param before fleet whose weights and counts are kept for variants of the same name; null to
   *     take all from the config
   */
  static Fleet assemble(
      long generation,
      CreateEndpointConfigInput config,
      String configDocument,
      Function<String, CreateModelInput> models,
      @Nullable Retained before,
      Pace pace,
      long nowMillis) {
    var variants = new ArrayList<Fleet.Variant>();
    for (ProductionVariant variant : Objects.requireNonNull(config.productionVariants())) {
      variants.add(variant(variant, models, before));
    }
    return new Fleet(
        generation,
        Objects.requireNonNull(config.endpointConfigName()),
        configDocument,
        variants,
        needs(config),
        nowMillis,
        pace.maximumSeconds(),
        pace.terminationWaitSeconds());
  }

  /** What an update keeps of the fleet before it ({@code RetainAllVariantProperties}). */
  record Retained(Fleet fleet, boolean weights, boolean counts) {}

  private static Fleet.Variant variant(
      ProductionVariant variant,
      Function<String, CreateModelInput> models,
      @Nullable Retained before) {
    String name = Objects.requireNonNull(variant.variantName());
    float weight =
        variant.initialVariantWeight() == null ? DEFAULT_WEIGHT : variant.initialVariantWeight();
    int count = variant.initialInstanceCount() == null ? 1 : variant.initialInstanceCount();
    if (before != null) {
      for (Fleet.Variant old : before.fleet().variants()) {
        if (old.name().equals(name)) {
          weight = before.weights() ? old.desiredWeight() : weight;
          count = before.counts() ? old.desiredCount() : count;
        }
      }
    }
    return new Fleet.Variant(
        name,
        weight,
        weight,
        count,
        count,
        variant.instanceType(),
        orDefault(variant.modelDataDownloadTimeoutInSeconds(), DEFAULT_DOWNLOAD_SECONDS),
        orDefault(variant.containerStartupHealthCheckTimeoutInSeconds(), DEFAULT_STARTUP_SECONDS),
        routing(variant),
        model(variant, models),
        List.of());
  }

  private static int orDefault(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }

  private static String routing(ProductionVariant variant) {
    return variant.routingConfig() != null
            && variant.routingConfig().routingStrategy()
                == RoutingStrategy.LEAST_OUTSTANDING_REQUESTS
        ? "LEAST_OUTSTANDING_REQUESTS"
        : "RANDOM";
  }

  private static Set<Capability> needs(CreateEndpointConfigInput config) {
    var needs = EnumSet.noneOf(Capability.class);
    if (config.asyncInferenceConfig() != null) {
      needs.add(Capability.ASYNC);
    }
    if (config.shadowProductionVariants() != null) {
      needs.add(Capability.SHADOW);
    }
    if (config.dataCaptureConfig() != null
        && !Boolean.FALSE.equals(config.dataCaptureConfig().enableCapture())) {
      needs.add(Capability.DATA_CAPTURE);
    }
    if (config.explainerConfig() != null) {
      needs.add(Capability.EXPLAINER);
    }
    if (config.vpcConfig() != null) {
      needs.add(Capability.VPC);
    }
    if (Boolean.TRUE.equals(config.enableNetworkIsolation())) {
      needs.add(Capability.NETWORK_ISOLATION);
    }
    return needs;
  }

  private static ModelPlan model(
      ProductionVariant variant, Function<String, CreateModelInput> models) {
    String name = variant.modelName();
    if (name == null) {
      return new ModelPlan(
          "",
          List.of(),
          false,
          Set.of(Capability.INFERENCE_COMPONENTS),
          NetworkSpec.UNRESTRICTED,
          null);
    }
    ModelPlan plan = ModelPlans.of(models.apply(name));
    return variant.serverlessConfig() == null ? plan : plan.needing(Capability.SERVERLESS);
  }
}
