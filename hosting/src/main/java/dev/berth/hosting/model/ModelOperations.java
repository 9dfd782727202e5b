package dev.berth.hosting.model;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.AdditionalModelDataSource;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.ContainerMode;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.CreateModelOutput;
import dev.berth.api.sagemaker.DeleteModelInput;
import dev.berth.api.sagemaker.DescribeModelInput;
import dev.berth.api.sagemaker.DescribeModelOutput;
import dev.berth.api.sagemaker.ListModelsInput;
import dev.berth.api.sagemaker.ListModelsOutput;
import dev.berth.api.sagemaker.ModelSortKey;
import dev.berth.api.sagemaker.ModelSummary;
import dev.berth.api.sagemaker.OrderKey;
import dev.berth.api.sagemaker.S3ModelDataSource;
import dev.berth.api.sagemaker.S3ModelDataType;
import dev.berth.api.service.CallContext;
import dev.berth.api.shape.Nothing;
import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.hosting.multimodel.ModelPrefix;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.hosting.resource.Lists;
import dev.berth.hosting.tag.Tags;
import dev.berth.store.Page;
import dev.berth.store.Resource;
import dev.berth.store.ResourceKey;
import dev.berth.store.Store;
import dev.berth.store.Transaction.ResourceExistsException;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** CreateModel, DescribeModel, ListModels and DeleteModel. */
public final class ModelOperations {
  private final Store store;
  private final ObjectSource objects;
  private final ModelPackages packages;
  private final Arns arns;
  private final InstantSource clock;

  /**
   * Makes the operations.
   *
   * @param objects where model data is looked for when a model is created
   * @param packages where a model's packages are looked for when it is created
   */
  public ModelOperations(
      Store store, ObjectSource objects, ModelPackages packages, Arns arns, InstantSource clock) {
    this.store = store;
    this.objects = objects;
    this.packages = packages;
    this.arns = arns;
    this.clock = clock;
  }

  /** Creates a model; its data must be there already, as on AWS. */
  public CreateModelOutput create(CreateModelInput input, CallContext context) {
    ModelRules.check(input);
    Map<String, String> tags = Tags.of(input.tags());
    String name = Objects.requireNonNull(input.modelName());
    String arn = arns.of(Kind.MODEL, name);
    ResourceKey key = Kind.MODEL.key(name);
    if (store.find(key).isPresent()) {
      throw Kind.MODEL.exists(arn);
    }
    StoredModel stored = PackageResolution.of(input.toBuilder().tags(null).build(), packages);
    ModelRules.check(stored.resolved());
    for (ContainerDefinition container : ModelRules.containers(stored.resolved())) {
      checkData(input, container);
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    var model = Kind.MODEL.created(name, arn, now, "", stored.toDocument());
    try {
      store.write(transaction -> {
        transaction.insert(model);
        transaction.putTags(arn, tags);
        return arn;
      });
    } catch (ResourceExistsException e) {
      throw Kind.MODEL.exists(e.existing().arn());
    }
    return CreateModelOutput.builder().modelArn(arn).build();
  }

  /** Gives a model back as it was created, a model package by its name. */
  public DescribeModelOutput describe(DescribeModelInput input, CallContext context) {
    Resource model = find(Objects.requireNonNull(input.modelName()));
    CreateModelInput created = StoredModel.parse(model.document()).given();
    return DescribeModelOutput.builder()
        .modelName(model.key().name())
        .modelArn(model.arn())
        .creationTime(model.createdAt())
        .primaryContainer(created.primaryContainer())
        .containers(created.containers())
        .inferenceExecutionConfig(created.inferenceExecutionConfig())
        .executionRoleArn(created.executionRoleArn())
        .vpcConfig(created.vpcConfig())
        .enableNetworkIsolation(Boolean.TRUE.equals(created.enableNetworkIsolation()))
        .build();
  }

  /** Lists models. */
  public ListModelsOutput list(ListModelsInput input, CallContext context) {
    var filters =
        Lists.Filters.ofCreation(
            input.nameContains(),
            input.creationTimeAfter(),
            input.creationTimeBefore(),
            input.sortBy() == ModelSortKey.NAME,
            input.sortOrder() != OrderKey.ASCENDING);
    Page page = store.list(Lists.query(Kind.MODEL, filters, input.maxResults(), input.nextToken()));
    return ListModelsOutput.builder()
        .models(page.resources().stream().map(ModelOperations::summary).toList())
        .nextToken(Lists.nextToken(Kind.MODEL, filters, page))
        .build();
  }

  /** Deletes a model, whether or not an endpoint runs it. */
  public Nothing delete(DeleteModelInput input, CallContext context) {
    String name = Objects.requireNonNull(input.modelName());
    boolean wasThere = store.write(transaction -> transaction.delete(Kind.MODEL.key(name)));
    if (!wasThere) {
      throw Kind.MODEL.notFound(arns.of(Kind.MODEL, name));
    }
    return new Nothing();
  }

  private Resource find(String name) {
    return store
        .find(Kind.MODEL.key(name))
        .orElseThrow(() -> Kind.MODEL.notFound(arns.of(Kind.MODEL, name)));
  }

  private static ModelSummary summary(Resource model) {
    return ModelSummary.builder()
        .modelName(model.key().name())
        .modelArn(model.arn())
        .creationTime(model.createdAt())
        .build();
  }

  private void checkData(CreateModelInput model, ContainerDefinition container) {
    if (container.modelDataUrl() != null) {
      S3Uri uri = S3Urls.parse(container.modelDataUrl(), "ModelDataUrl");
      boolean isMultiModel = container.mode() == ContainerMode.MULTI_MODEL;
      checkObject(model, isMultiModel ? new ModelPrefix(uri).uri() : uri, isMultiModel);
    }
    if (container.modelDataSource() != null && container.modelDataSource().s3DataSource() != null) {
      checkSource(model, container.modelDataSource().s3DataSource());
    }
    List<AdditionalModelDataSource> additional = container.additionalModelDataSources();
    if (additional != null) {
      for (AdditionalModelDataSource source : additional) {
        checkSource(model, Objects.requireNonNull(source.s3DataSource()));
      }
    }
  }

  private void checkSource(CreateModelInput model, S3ModelDataSource source) {
    checkObject(
        model,
        S3Urls.parse(String.valueOf(source.s3Uri()), "S3Uri"),
        source.s3DataType() == S3ModelDataType.S3_PREFIX);
  }

  private void checkObject(CreateModelInput model, S3Uri uri, boolean isPrefix) {
    try {
      if (isPrefix && !objects.isAnyBelow(uri)) {
        throw notThere(uri);
      } else if (!isPrefix) {
        objects.head(uri);
      }
    } catch (ObjectSource.NoSuchObjectException _) {
      throw notThere(uri);
    } catch (IOException e) {
      throw AwsException.validation(
          "Could not access model data at %s. Please ensure that the role \"%s\" exists and that its trust relationship policy allows the action \"sts:AssumeRole\" for the service principal \"sagemaker.amazonaws.com\". Also ensure that the role has \"s3:GetObject\" permissions and that the object is located in %s. (%s)"
              .formatted(
                  uri,
                  model.executionRoleArn() == null ? "" : model.executionRoleArn(),
                  arns.region(),
                  e.getMessage()));
    }
  }

  private static AwsException notThere(S3Uri uri) {
    return AwsException.validation("Could not find model data at %s.".formatted(uri));
  }
}
