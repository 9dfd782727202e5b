package dev.berth.hosting.plan;

import dev.berth.api.sagemaker.AdditionalModelDataSource;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.ContainerMode;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.ImageConfig;
import dev.berth.api.sagemaker.InferenceExecutionMode;
import dev.berth.api.sagemaker.ModelCacheSetting;
import dev.berth.api.sagemaker.ModelCompressionType;
import dev.berth.api.sagemaker.RepositoryAccessMode;
import dev.berth.api.sagemaker.S3ModelDataSource;
import dev.berth.api.sagemaker.S3ModelDataType;
import dev.berth.api.sagemaker.VpcConfig;
import dev.berth.hosting.model.S3Urls;
import dev.berth.hosting.plan.DataPlan.Form;
import dev.berth.hosting.runtime.Capability;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.RegistryAccess;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes the plan of a model. Pure. What a runtime may not be able to do is written down as a {@link
 * Capability} that it needs, so that nothing asked for is passed over in silence.
 */
public final class ModelPlans {
  private ModelPlans() {}

  /** Returns the plan of a model that CreateModel has accepted. */
  public static ModelPlan of(CreateModelInput model) {
    List<ContainerDefinition> containers =
        model.primaryContainer() != null
            ? List.of(model.primaryContainer())
            : Objects.requireNonNull(model.containers());
    boolean isDirect =
        model.inferenceExecutionConfig() != null
            && model.inferenceExecutionConfig().mode() == InferenceExecutionMode.DIRECT;
    var plans = new ArrayList<ContainerPlan>();
    for (int i = 0; i < containers.size(); i++) {
      plans.add(container(containers.get(i), i + 1, containers.size()));
    }
    return new ModelPlan(
        Objects.requireNonNull(model.modelName()),
        plans,
        isDirect,
        needs(model, plans, isDirect),
        network(model),
        model.executionRoleArn());
  }

  private static EnumSet<Capability> needs(
      CreateModelInput model, List<ContainerPlan> containers, boolean isDirect) {
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
    for (ContainerPlan container : containers) {
      if (container.isMultiModel()) {
        needs.add(Capability.MULTI_MODEL);
      }
      if (container.registry().mode() == RegistryAccess.Mode.VPC) {
        needs.add(Capability.PRIVATE_REGISTRY);
      }
    }
    return needs;
  }

  private static NetworkSpec network(CreateModelInput model) {
    VpcConfig vpc = model.vpcConfig();
    return new NetworkSpec(
        Boolean.TRUE.equals(model.enableNetworkIsolation()),
        vpc == null ? List.of() : Objects.requireNonNull(vpc.subnets()),
        vpc == null ? List.of() : Objects.requireNonNull(vpc.securityGroupIds()));
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
        registry(container.imageConfig()),
        container.mode() == ContainerMode.MULTI_MODEL,
        container.multiModelConfig() == null
            || container.multiModelConfig().modelCacheSetting() != ModelCacheSetting.DISABLED,
        container.environment() == null ? Map.of() : container.environment(),
        data(container),
        additional(container));
  }

  private static RegistryAccess registry(@Nullable ImageConfig config) {
    if (config == null || config.repositoryAccessMode() != RepositoryAccessMode.VPC) {
      return RegistryAccess.PLATFORM;
    }
    return new RegistryAccess(
        RegistryAccess.Mode.VPC,
        config.repositoryAuthConfig() == null
            ? null
            : config.repositoryAuthConfig().repositoryCredentialsProviderArn());
  }

  private static @Nullable DataPlan data(ContainerDefinition container) {
    if (container.modelDataUrl() != null) {
      return new DataPlan(
          container.mode() == ContainerMode.MULTI_MODEL ? Form.MODELS : Form.ARCHIVE,
          S3Urls.parse(container.modelDataUrl(), "ModelDataUrl").toString());
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
