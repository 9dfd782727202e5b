package dev.berth.hosting.endpoint;

import dev.berth.api.error.AwsException;
import dev.berth.api.json.ApiJson;
import dev.berth.api.sagemaker.CreateEndpointConfigInput;
import dev.berth.api.sagemaker.CreateEndpointInput;
import dev.berth.api.sagemaker.CreateEndpointOutput;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.DeleteEndpointInput;
import dev.berth.api.sagemaker.DeploymentConfig;
import dev.berth.api.sagemaker.DescribeEndpointInput;
import dev.berth.api.sagemaker.DescribeEndpointOutput;
import dev.berth.api.sagemaker.DesiredWeightAndCapacity;
import dev.berth.api.sagemaker.EndpointSortKey;
import dev.berth.api.sagemaker.EndpointSummary;
import dev.berth.api.sagemaker.ListEndpointsInput;
import dev.berth.api.sagemaker.ListEndpointsOutput;
import dev.berth.api.sagemaker.OrderKey;
import dev.berth.api.sagemaker.UpdateEndpointInput;
import dev.berth.api.sagemaker.UpdateEndpointOutput;
import dev.berth.api.sagemaker.UpdateEndpointWeightsAndCapacitiesInput;
import dev.berth.api.sagemaker.UpdateEndpointWeightsAndCapacitiesOutput;
import dev.berth.api.sagemaker.VariantProperty;
import dev.berth.api.sagemaker.VariantPropertyType;
import dev.berth.api.service.CallContext;
import dev.berth.api.shape.Nothing;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.hosting.resource.Lists;
import dev.berth.hosting.tag.Tags;
import dev.berth.store.ListQuery;
import dev.berth.store.Page;
import dev.berth.store.Resource;
import dev.berth.store.Store;
import dev.berth.store.Transaction;
import dev.berth.store.Transaction.ResourceExistsException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * CreateEndpoint, DescribeEndpoint, ListEndpoints, UpdateEndpoint, DeleteEndpoint and
 * UpdateEndpointWeightsAndCapacities. Each changes what is desired in one transaction and wakes the
 * {@link EndpointReconciler}, which does the rest.
 */
public final class EndpointOperations {
  private final Store store;
  private final EndpointReconciler reconciler;
  private final Arns arns;
  private final InstantSource clock;

  public EndpointOperations(
      Store store, EndpointReconciler reconciler, Arns arns, InstantSource clock) {
    this.store = store;
    this.reconciler = reconciler;
    this.arns = arns;
    this.clock = clock;
  }

  /** Creates an endpoint; it is Creating when this returns. */
  public CreateEndpointOutput create(CreateEndpointInput input, CallContext context) {
    FleetAssembly.Pace pace = DeploymentRules.pace(input.deploymentConfig());
    Map<String, String> tags = Tags.of(input.tags());
    String name = Objects.requireNonNull(input.endpointName());
    String configName = Objects.requireNonNull(input.endpointConfigName());
    String arn = arns.of(Kind.ENDPOINT, name);
    var key = Kind.ENDPOINT.key(name);
    Instant now = now();
    try {
      store.write(transaction -> {
        if (transaction.find(key).isPresent()) {
          throw Kind.ENDPOINT.exists(arn);
        }
        Fleet fleet = fleet(transaction, configName, 1, null, pace, now);
        var document = EndpointDocument.creating(fleet, deploymentJson(input.deploymentConfig()));
        transaction.insert(
            Kind.ENDPOINT.created(
                name, arn, now, EndpointStatus.CREATING.wire(), document.toJson()));
        transaction.putTags(arn, tags);
        return arn;
      });
    } catch (ResourceExistsException e) {
      throw Kind.ENDPOINT.exists(e.existing().arn());
    }
    reconciler.wake(name);
    return CreateEndpointOutput.builder().endpointArn(arn).build();
  }

  /** Tells what an endpoint is and how it is. */
  public DescribeEndpointOutput describe(DescribeEndpointInput input, CallContext context) {
    String name = Objects.requireNonNull(input.endpointName());
    Resource endpoint =
        store
            .find(Kind.ENDPOINT.key(name))
            .orElseThrow(() -> Kind.ENDPOINT.notFound(arns.of(Kind.ENDPOINT, name)));
    return EndpointDescription.of(endpoint, reconciler);
  }

  /** Lists endpoints. */
  public ListEndpointsOutput list(ListEndpointsInput input, CallContext context) {
    var filters =
        new Lists.Filters(
            input.nameContains(),
            input.creationTimeAfter(),
            input.creationTimeBefore(),
            input.lastModifiedTimeAfter(),
            input.lastModifiedTimeBefore(),
            input.statusEquals() == null ? null : input.statusEquals().wire(),
            sortBy(input.sortBy()),
            input.sortOrder() != OrderKey.ASCENDING);
    Page page =
        store.list(Lists.query(Kind.ENDPOINT, filters, input.maxResults(), input.nextToken()));
    return ListEndpointsOutput.builder()
        .endpoints(page.resources().stream().map(EndpointOperations::summary).toList())
        .nextToken(Lists.nextToken(Kind.ENDPOINT, filters, page))
        .build();
  }

  /** Deploys another config beside the running one; the endpoint is Updating when this returns. */
  public UpdateEndpointOutput update(UpdateEndpointInput input, CallContext context) {
    FleetAssembly.Pace given = DeploymentRules.pace(input.deploymentConfig());
    String name = Objects.requireNonNull(input.endpointName());
    String configName = Objects.requireNonNull(input.endpointConfigName());
    boolean isRetained = Boolean.TRUE.equals(input.retainDeploymentConfig());
    Instant now = now();
    String arn =
        change(
            name,
            (transaction, document) -> {
              @Nullable String deployment =
                  isRetained
                      ? document.deploymentConfig()
                      : deploymentJson(input.deploymentConfig());
              FleetAssembly.Pace pace =
                  isRetained && deployment != null
                      ? DeploymentRules.pace(ApiJson.fromJson(deployment, DeploymentConfig.SHAPE))
                      : given;
              Fleet fleet =
                  fleet(
                      transaction,
                      configName,
                      document.lastGeneration() + 1,
                      retained(input, document),
                      pace,
                      now);
              return document.updating(fleet, deployment);
            },
            now);
    return UpdateEndpointOutput.builder().endpointArn(arn).build();
  }

  /** Changes weights and instance counts; the endpoint is Updating when this returns. */
  public UpdateEndpointWeightsAndCapacitiesOutput updateWeightsAndCapacities(
      UpdateEndpointWeightsAndCapacitiesInput input, CallContext context) {
    List<DesiredWeightAndCapacity> desired =
        Objects.requireNonNull(input.desiredWeightsAndCapacities());
    var byVariant = new HashMap<String, DesiredWeightAndCapacity>();
    for (DesiredWeightAndCapacity one : desired) {
      String variant = Objects.requireNonNull(one.variantName());
      if (one.serverlessUpdateConfig() != null) {
        throw AwsException.validation(
            "ServerlessUpdateConfig is given for variant \"%s\", which is not serverless."
                .formatted(variant));
      }
      if (byVariant.put(variant, one) != null) {
        throw AwsException.validation(
            "The variant name \"%s\" was non-unique within the request.".formatted(variant));
      }
    }
    String arn =
        change(
            Objects.requireNonNull(input.endpointName()),
            (_, document) -> document.scaling(scaled(document.active(), byVariant)),
            now());
    return UpdateEndpointWeightsAndCapacitiesOutput.builder().endpointArn(arn).build();
  }

  /** Begins to delete an endpoint; it is Deleting when this returns, then gone. */
  public Nothing delete(DeleteEndpointInput input, CallContext context) {
    String name = Objects.requireNonNull(input.endpointName());
    Instant now = now();
    store.write(transaction -> {
      Resource endpoint = find(transaction, name);
      switch (EndpointStatus.of(endpoint.status())) {
        case CREATING, UPDATING, DELETING -> throw inProgress(endpoint.arn());
        case IN_SERVICE, FAILED -> {}
      }
      return transaction.update(
          endpoint.with(EndpointStatus.DELETING.wire(), endpoint.document(), now));
    });
    reconciler.wake(name);
    return new Nothing();
  }

  /** Makes the next document of an endpoint that is being updated. */
  @FunctionalInterface
  private interface Change {
    EndpointDocument apply(Transaction transaction, EndpointDocument document);
  }

  private String change(String name, Change change, Instant now) {
    Resource changed =
        store.write(transaction -> {
          Resource endpoint = find(transaction, name);
          switch (EndpointStatus.of(endpoint.status())) {
            case CREATING, UPDATING, DELETING -> throw inProgress(endpoint.arn());
            case FAILED ->
                throw AwsException.validation(
                    "Cannot update endpoint \"%s\" with status \"Failed\". Delete it and create it anew."
                        .formatted(endpoint.arn()));
            case IN_SERVICE -> {}
          }
          EndpointDocument next =
              change.apply(transaction, EndpointDocument.parse(endpoint.document()));
          return transaction.update(
              endpoint.with(EndpointStatus.UPDATING.wire(), next.toJson(), now));
        });
    reconciler.wake(name);
    return changed.arn();
  }

  private Resource find(Transaction transaction, String name) {
    return transaction
        .find(Kind.ENDPOINT.key(name))
        .orElseThrow(() -> Kind.ENDPOINT.notFound(arns.of(Kind.ENDPOINT, name)));
  }

  private static AwsException inProgress(String arn) {
    return AwsException.validation("Cannot update in-progress endpoint \"%s\".".formatted(arn));
  }

  private Fleet fleet(
      Transaction transaction,
      String configName,
      long generation,
      FleetAssembly.@Nullable Retained retained,
      FleetAssembly.Pace pace,
      Instant now) {
    Resource config =
        transaction
            .find(Kind.ENDPOINT_CONFIG.key(configName))
            .orElseThrow(
                () -> Kind.ENDPOINT_CONFIG.notFound(arns.of(Kind.ENDPOINT_CONFIG, configName)));
    return FleetAssembly.assemble(
        generation,
        ApiJson.fromJson(config.document(), CreateEndpointConfigInput.SHAPE),
        config.document(),
        model -> model(transaction, model),
        retained,
        pace,
        now.toEpochMilli());
  }

  private CreateModelInput model(Transaction transaction, String name) {
    Resource model =
        transaction
            .find(Kind.MODEL.key(name))
            .orElseThrow(() -> Kind.MODEL.notFound(arns.of(Kind.MODEL, name)));
    return ApiJson.fromJson(model.document(), CreateModelInput.SHAPE);
  }

  private static FleetAssembly.@Nullable Retained retained(
      UpdateEndpointInput input, EndpointDocument document) {
    if (!Boolean.TRUE.equals(input.retainAllVariantProperties()) || document.active() == null) {
      return null;
    }
    var excluded = EnumSet.noneOf(VariantPropertyType.class);
    if (input.excludeRetainedVariantProperties() != null) {
      for (VariantProperty property : input.excludeRetainedVariantProperties()) {
        excluded.add(Objects.requireNonNull(property.variantPropertyType()));
      }
    }
    return new FleetAssembly.Retained(
        document.active(),
        !excluded.contains(VariantPropertyType.DESIRED_WEIGHT),
        !excluded.contains(VariantPropertyType.DESIRED_INSTANCE_COUNT));
  }

  private static Fleet scaled(
      @Nullable Fleet active, Map<String, DesiredWeightAndCapacity> byVariant) {
    Fleet fleet = Objects.requireNonNull(active);
    var unknown = new ArrayList<>(byVariant.keySet());
    fleet.variants().forEach(variant -> unknown.remove(variant.name()));
    if (!unknown.isEmpty()) {
      throw AwsException.validation(
          "The variant name(s) \"%s\" is/are not present within endpoint configuration \"%s\"."
              .formatted(
                  unknown.stream().sorted().collect(Collectors.joining(", ")), fleet.configName()));
    }
    return fleet.withVariants(
        fleet.variants().stream().map(variant -> scaled(variant, byVariant)).toList());
  }

  private static Fleet.Variant scaled(
      Fleet.Variant variant, Map<String, DesiredWeightAndCapacity> byVariant) {
    DesiredWeightAndCapacity desired = byVariant.get(variant.name());
    if (desired == null) {
      return variant;
    }
    return variant.desiring(
        desired.desiredWeight() == null ? variant.desiredWeight() : desired.desiredWeight(),
        desired.desiredInstanceCount() == null
            ? variant.desiredCount()
            : desired.desiredInstanceCount());
  }

  private static @Nullable String deploymentJson(@Nullable DeploymentConfig config) {
    return config == null ? null : ApiJson.toJson(config);
  }

  private static ListQuery.SortBy sortBy(@Nullable EndpointSortKey key) {
    if (key == null) {
      return ListQuery.SortBy.CREATION_TIME;
    }
    return switch (key) {
      case NAME -> ListQuery.SortBy.NAME;
      case CREATION_TIME -> ListQuery.SortBy.CREATION_TIME;
      case STATUS -> ListQuery.SortBy.STATUS;
    };
  }

  private static EndpointSummary summary(Resource endpoint) {
    return EndpointSummary.builder()
        .endpointName(endpoint.key().name())
        .endpointArn(endpoint.arn())
        .creationTime(endpoint.createdAt())
        .lastModifiedTime(endpoint.modifiedAt())
        .endpointStatus(dev.berth.api.sagemaker.EndpointStatus.of(endpoint.status()))
        .build();
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS);
  }
}
