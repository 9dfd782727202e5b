package dev.berth.hosting.config;

import dev.berth.api.error.AwsException;
import dev.berth.api.json.ApiJson;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.ContainerMode;
import dev.berth.api.sagemaker.CreateEndpointConfigInput;
import dev.berth.api.sagemaker.CreateEndpointConfigOutput;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.DeleteEndpointConfigInput;
import dev.berth.api.sagemaker.DescribeEndpointConfigInput;
import dev.berth.api.sagemaker.DescribeEndpointConfigOutput;
import dev.berth.api.sagemaker.EndpointConfigSortKey;
import dev.berth.api.sagemaker.EndpointConfigSummary;
import dev.berth.api.sagemaker.ListEndpointConfigsInput;
import dev.berth.api.sagemaker.ListEndpointConfigsOutput;
import dev.berth.api.sagemaker.OrderKey;
import dev.berth.api.sagemaker.ProductionVariant;
import dev.berth.api.service.CallContext;
import dev.berth.api.shape.Nothing;
import dev.berth.hosting.model.StoredModel;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.hosting.resource.Lists;
import dev.berth.hosting.tag.Tags;
import dev.berth.store.Page;
import dev.berth.store.Resource;
import dev.berth.store.Store;
import dev.berth.store.Transaction;
import dev.berth.store.Transaction.ResourceExistsException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs and DeleteEndpointConfig. A
 * config is immutable.
 */
public final class EndpointConfigOperations {
  private final Store store;
  private final Arns arns;
  private final InstantSource clock;

  public EndpointConfigOperations(Store store, Arns arns, InstantSource clock) {
    this.store = store;
    this.arns = arns;
    this.clock = clock;
  }

  /** Creates a config; the models it names must exist. */
  public CreateEndpointConfigOutput create(CreateEndpointConfigInput input, CallContext context) {
    EndpointConfigRules.check(input);
    Map<String, String> tags = Tags.of(input.tags());
    String name = Objects.requireNonNull(input.endpointConfigName());
    String arn = arns.of(Kind.ENDPOINT_CONFIG, name);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    var config =
        Kind.ENDPOINT_CONFIG.created(
            name, arn, now, "", ApiJson.toJson(input.toBuilder().tags(null).build()));
    try {
      store.write(transaction -> {
        if (transaction.find(config.key()).isPresent()) {
          throw Kind.ENDPOINT_CONFIG.exists(arn);
        }
        checkModels(transaction, Objects.requireNonNull(input.productionVariants()));
        if (input.shadowProductionVariants() != null) {
          checkModels(transaction, input.shadowProductionVariants());
        }
        transaction.insert(config);
        transaction.putTags(arn, tags);
        return arn;
      });
    } catch (ResourceExistsException e) {
      throw Kind.ENDPOINT_CONFIG.exists(e.existing().arn());
    }
    return CreateEndpointConfigOutput.builder().endpointConfigArn(arn).build();
  }

  /** Gives a config back as it was created. */
  public DescribeEndpointConfigOutput describe(
      DescribeEndpointConfigInput input, CallContext context) {
    String name = Objects.requireNonNull(input.endpointConfigName());
    Resource config =
        store
            .find(Kind.ENDPOINT_CONFIG.key(name))
            .orElseThrow(() -> Kind.ENDPOINT_CONFIG.notFound(arns.of(Kind.ENDPOINT_CONFIG, name)));
    var created = ApiJson.fromJson(config.document(), CreateEndpointConfigInput.SHAPE);
    return DescribeEndpointConfigOutput.builder()
        .endpointConfigName(config.key().name())
        .endpointConfigArn(config.arn())
        .creationTime(config.createdAt())
        .productionVariants(created.productionVariants())
        .shadowProductionVariants(created.shadowProductionVariants())
        .dataCaptureConfig(created.dataCaptureConfig())
        .kmsKeyId(created.kmsKeyId())
        .asyncInferenceConfig(created.asyncInferenceConfig())
        .explainerConfig(created.explainerConfig())
        .executionRoleArn(created.executionRoleArn())
        .vpcConfig(created.vpcConfig())
        .enableNetworkIsolation(created.enableNetworkIsolation())
        .metricsConfig(created.metricsConfig())
        .build();
  }

  /** Lists configs. */
  public ListEndpointConfigsOutput list(ListEndpointConfigsInput input, CallContext context) {
    var filters =
        Lists.Filters.ofCreation(
            input.nameContains(),
            input.creationTimeAfter(),
            input.creationTimeBefore(),
            input.sortBy() == EndpointConfigSortKey.NAME,
            input.sortOrder() != OrderKey.ASCENDING);
    Page page =
        store.list(
            Lists.query(Kind.ENDPOINT_CONFIG, filters, input.maxResults(), input.nextToken()));
    return ListEndpointConfigsOutput.builder()
        .endpointConfigs(page.resources().stream().map(EndpointConfigOperations::summary).toList())
        .nextToken(Lists.nextToken(Kind.ENDPOINT_CONFIG, filters, page))
        .build();
  }

  /** Deletes a config, whether or not an endpoint was made from it. */
  public Nothing delete(DeleteEndpointConfigInput input, CallContext context) {
    String name = Objects.requireNonNull(input.endpointConfigName());
    var key = Kind.ENDPOINT_CONFIG.key(name);
    if (!store.write(transaction -> transaction.delete(key))) {
      throw Kind.ENDPOINT_CONFIG.notFound(arns.of(Kind.ENDPOINT_CONFIG, name));
    }
    return new Nothing();
  }

  private void checkModels(Transaction transaction, List<ProductionVariant> variants) {
    for (ProductionVariant variant : variants) {
      String name = variant.modelName();
      if (name != null) {
        Resource found =
            transaction
                .find(Kind.MODEL.key(name))
                .orElseThrow(() -> Kind.MODEL.notFound(arns.of(Kind.MODEL, name)));
        StoredModel model = StoredModel.parse(found.document());
        EndpointConfigRules.checkInstanceTypes(variant, model.realtimeInstanceTypes());
        if (variant.serverlessConfig() != null) {
          checkServerless(variant, model.resolved());
        }
      }
    }
  }

  /** Developer Guide, "Deploy models with Amazon SageMaker Serverless Inference". */
  private static void checkServerless(ProductionVariant variant, CreateModelInput model) {
    ContainerDefinition primary = model.primaryContainer();
    Stream<ContainerDefinition> containers =
        primary != null
            ? Stream.of(primary)
            : Objects.requireNonNullElse(model.containers(), List.<ContainerDefinition>of())
                .stream();
    if (containers.anyMatch(container -> container.mode() == ContainerMode.MULTI_MODEL)) {
      throw AwsException.validation(
          "Model \"%s\" of variant \"%s\" has Mode MultiModel, which a variant with ServerlessConfig can't have: give the variant InstanceType and InitialInstanceCount."
              .formatted(model.modelName(), variant.variantName()));
    }
  }

  private static EndpointConfigSummary summary(Resource config) {
    return EndpointConfigSummary.builder()
        .endpointConfigName(config.key().name())
        .endpointConfigArn(config.arn())
        .creationTime(config.createdAt())
        .build();
  }
}
