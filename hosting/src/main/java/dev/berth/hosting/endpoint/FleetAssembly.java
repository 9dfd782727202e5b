package dev.berth.hosting.endpoint;

import dev.berth.api.sagemaker.AdditionalModelDataSource;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.ContainerMode;
import dev.berth.api.sagemaker.CreateEndpointConfigInput;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.InferenceExecutionMode;
import dev.berth.api.sagemaker.ModelCompressionType;
import dev.berth.api.sagemaker.ProductionVariant;
import dev.berth.api.sagemaker.RepositoryAccessMode;
import dev.berth.api.sagemaker.RoutingStrategy;
import dev.berth.api.sagemaker.S3ModelDataSource;
import dev.berth.api.sagemaker.S3ModelDataType;
import dev.berth.hosting.endpoint.Fleet.ContainerPlan;
import dev.berth.hosting.endpoint.Fleet.DataPlan;
import dev.berth.hosting.endpoint.Fleet.DataPlan.Form;
import dev.berth.hosting.endpoint.Fleet.ModelPlan;
import dev.berth.hosting.model.S3Urls;
import dev.berth.hosting.runtime.Capability;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        model(variant, models));
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
      return new ModelPlan("", List.of(), false, Set.of(Capability.INFERENCE_COMPONENTS));
    }
    CreateModelInput model = models.apply(name);
    List<ContainerDefinition> containers =
        model.primaryContainer() != null
            ? List.of(model.primaryContainer())
            : Objects.requireNonNull(model.containers());
    boolean isDirect =
        model.inferenceExecutionConfig() != null
            && model.inferenceExecutionConfig().mode() == InferenceExecutionMode.DIRECT;
    var needs = needs(model, containers, isDirect);
    if (variant.serverlessConfig() != null) {
      needs.add(Capability.SERVERLESS);
    }
    var plans = new ArrayList<ContainerPlan>();
    for (int i = 0; i < containers.size(); i++) {
      plans.add(container(containers.get(i), i + 1, containers.size()));
    }
    return new ModelPlan(name, plans, isDirect, needs);
  }

  private static EnumSet<Capability> needs(
      CreateModelInput model, List<ContainerDefinition> containers, boolean isDirect) {
    var needs = EnumSet.noneOf(Capability.class);
    if (containers.size() > 1) {
      needs.add(Capability.SEVERAL_CONTAINERS);
    }
    if (isDirect) {
      needs.add(Capability.DIRECT_INVOCATION);
    }
    if (Boolean.TRUE.equals(model.enableNetworkIsolation())) {
      needs.add(Capability.NETWORK_ISOLATION);
    }
    if (model.vpcConfig() != null) {
      needs.add(Capability.VPC);
    }
    for (ContainerDefinition container : containers) {
      if (container.mode() == ContainerMode.MULTI_MODEL) {
        needs.add(Capability.MULTI_MODEL);
      }
      if (container.imageConfig() != null
          && container.imageConfig().repositoryAccessMode() == RepositoryAccessMode.VPC) {
        needs.add(Capability.PRIVATE_REGISTRY);
      }
    }
    return needs;
  }

  private static ContainerPlan container(ContainerDefinition container, int position, int count) {
    String hostname = count == 1 ? null : container.containerHostname();
    String label = "container-" + position;
    if (count == 1) {
      label = "primary";
    } else if (hostname != null) {
      label = hostname;
    }
    return new ContainerPlan(
        label,
        hostname,
        Objects.requireNonNull(container.image()),
        container.mode() == ContainerMode.MULTI_MODEL,
        container.environment() == null ? Map.of() : container.environment(),
        data(container),
        additional(container));
  }

  private static @Nullable DataPlan data(ContainerDefinition container) {
    if (container.modelDataUrl() != null) {
      return new DataPlan(
          Form.ARCHIVE, S3Urls.parse(container.modelDataUrl(), "ModelDataUrl").toString());
    }
    if (container.modelDataSource() != null && container.modelDataSource().s3DataSource() != null) {
      return data(container.modelDataSource().s3DataSource());
    }
    return null;
  }

  private static DataPlan data(S3ModelDataSource source) {
    String url = S3Urls.parse(Objects.requireNonNull(source.s3Uri()), "S3Uri").toString();
    if (source.s3DataType() == S3ModelDataType.S3_PREFIX) {
      return new DataPlan(Form.PREFIX, url);
    }
    return new DataPlan(
        source.compressionType() == ModelCompressionType.GZIP ? Form.ARCHIVE : Form.OBJECT, url);
  }

  private static Map<String, DataPlan> additional(ContainerDefinition container) {
    var plans = new LinkedHashMap<String, DataPlan>();
    List<AdditionalModelDataSource> sources = container.additionalModelDataSources();
    if (sources != null) {
      for (AdditionalModelDataSource source : sources) {
        plans.put(
            Objects.requireNonNull(source.channelName()),
            data(Objects.requireNonNull(source.s3DataSource())));
      }
    }
    return plans;
  }
}
