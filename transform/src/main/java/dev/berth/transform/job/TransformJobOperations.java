package dev.berth.transform.job;

import dev.berth.api.error.AwsException;
import dev.berth.api.json.ApiJson;
import dev.berth.api.sagemaker.CreateTransformJobRequest;
import dev.berth.api.sagemaker.CreateTransformJobResponse;
import dev.berth.api.sagemaker.DescribeTransformJobRequest;
import dev.berth.api.sagemaker.DescribeTransformJobResponse;
import dev.berth.api.sagemaker.ListTransformJobsRequest;
import dev.berth.api.sagemaker.ListTransformJobsResponse;
import dev.berth.api.sagemaker.SortBy;
import dev.berth.api.sagemaker.SortOrder;
import dev.berth.api.sagemaker.StopTransformJobRequest;
import dev.berth.api.sagemaker.TransformJobStatus;
import dev.berth.api.sagemaker.TransformJobSummary;
import dev.berth.api.service.CallContext;
import dev.berth.api.shape.Nothing;
import dev.berth.hosting.model.StoredModel;
import dev.berth.hosting.plan.ModelPlan;
import dev.berth.hosting.plan.ModelPlans;
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
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** CreateTransformJob, DescribeTransformJob, ListTransformJobs and StopTransformJob. */
public final class TransformJobOperations {
  private final Store store;
  private final TransformJobs jobs;
  private final Arns arns;
  private final InstantSource clock;
  private final boolean encrypts;

  /**
   * Makes the operations.
   *
   * @param encrypts whether outputs can be encrypted with a KMS key
   */
  public TransformJobOperations(
      Store store, TransformJobs jobs, Arns arns, InstantSource clock, boolean encrypts) {
    this.store = store;
    this.jobs = jobs;
    this.arns = arns;
    this.clock = clock;
    this.encrypts = encrypts;
  }

  /** Creates a job; it is InProgress when this returns. */
  public CreateTransformJobResponse create(CreateTransformJobRequest input, CallContext context) {
    TransformJobRules.check(input, encrypts);
    Map<String, String> tags = Tags.of(input.tags());
    String name = Objects.requireNonNull(input.transformJobName());
    String arn = arns.of(Kind.TRANSFORM_JOB, name);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    Resource created;
    try {
      created =
          store.write(transaction -> {
            if (transaction.find(Kind.TRANSFORM_JOB.key(name)).isPresent()) {
              throw exists(arn);
            }
            var document =
                new TransformJobDocument(
                    ApiJson.toJson(input.toBuilder().tags(null).build()),
                    model(transaction, input),
                    0,
                    0,
                    null);
            Resource job =
                Kind.TRANSFORM_JOB.created(
                    name, arn, now, TransformJobStatus.IN_PROGRESS.wire(), document.toJson());
            transaction.insert(job);
            transaction.putTags(arn, tags);
            return job;
          });
    } catch (ResourceExistsException e) {
      throw exists(e.existing().arn());
    }
    jobs.begin(created);
    return CreateTransformJobResponse.builder().transformJobArn(arn).build();
  }

  private ModelPlan model(Transaction transaction, CreateTransformJobRequest input) {
    String name = Objects.requireNonNull(input.modelName());
    Resource model =
        transaction
            .find(Kind.MODEL.key(name))
            .orElseThrow(() -> Kind.MODEL.notFound(arns.of(Kind.MODEL, name)));
    StoredModel stored = StoredModel.parse(model.document());
    TransformJobRules.checkModel(stored.resolved());
    TransformJobRules.checkInstanceType(
        Objects.requireNonNull(input.transformResources()), stored.transformInstanceTypes());
    return JobSpecs.model(ModelPlans.of(stored.resolved()), input);
  }

  private static AwsException exists(String arn) {
    return new AwsException(
        "ResourceInUse",
        400,
        "Job name must be unique within an AWS account and region, and a job with this name already exists (%s)"
            .formatted(arn));
  }

  /** Tells what a job is and how it is. */
  public DescribeTransformJobResponse describe(
      DescribeTransformJobRequest input, CallContext context) {
    String name = Objects.requireNonNull(input.transformJobName());
    Resource job =
        store
            .find(Kind.TRANSFORM_JOB.key(name))
            .orElseThrow(() ->
                AwsException.validation(
                    "Could not find requested job with name: %s".formatted(name)));
    var document = TransformJobDocument.parse(job.document());
    CreateTransformJobRequest asked = document.asked();
    return DescribeTransformJobResponse.builder()
        .transformJobName(job.key().name())
        .transformJobArn(job.arn())
        .transformJobStatus(TransformJobStatus.of(job.status()))
        .failureReason(document.failureReason())
        .modelName(asked.modelName())
        .maxConcurrentTransforms(asked.maxConcurrentTransforms())
        .modelClientConfig(asked.modelClientConfig())
        .maxPayloadInMB(asked.maxPayloadInMB())
        .batchStrategy(asked.batchStrategy())
        .environment(asked.environment())
        .transformInput(asked.transformInput())
        .transformOutput(asked.transformOutput())
        .dataCaptureConfig(asked.dataCaptureConfig())
        .transformResources(asked.transformResources())
        .creationTime(job.createdAt())
        .transformStartTime(document.startedAt().orElse(null))
        .transformEndTime(document.endedAt().orElse(null))
        .dataProcessing(asked.dataProcessing())
        .experimentConfig(asked.experimentConfig())
        .build();
  }

  /** Lists jobs. */
  public ListTransformJobsResponse list(ListTransformJobsRequest input, CallContext context) {
    var filters =
        new Lists.Filters(
            input.nameContains(),
            input.creationTimeAfter(),
            input.creationTimeBefore(),
            input.lastModifiedTimeAfter(),
            input.lastModifiedTimeBefore(),
            input.statusEquals() == null ? null : input.statusEquals().wire(),
            sortBy(input.sortBy()),
            input.sortOrder() != SortOrder.ASCENDING);
    Page page =
        store.list(Lists.query(Kind.TRANSFORM_JOB, filters, input.maxResults(), input.nextToken()));
    return ListTransformJobsResponse.builder()
        .transformJobSummaries(
            page.resources().stream().map(TransformJobOperations::summary).toList())
        .nextToken(Lists.nextToken(Kind.TRANSFORM_JOB, filters, page))
        .build();
  }

  private static ListQuery.SortBy sortBy(@Nullable SortBy key) {
    return switch (key) {
      case null -> ListQuery.SortBy.CREATION_TIME;
      case NAME -> ListQuery.SortBy.NAME;
      case CREATION_TIME -> ListQuery.SortBy.CREATION_TIME;
      case STATUS -> ListQuery.SortBy.STATUS;
    };
  }

  private static TransformJobSummary summary(Resource job) {
    var document = TransformJobDocument.parse(job.document());
    return TransformJobSummary.builder()
        .transformJobName(job.key().name())
        .transformJobArn(job.arn())
        .creationTime(job.createdAt())
        .transformEndTime(document.endedAt().orElse(null))
        .lastModifiedTime(job.modifiedAt())
        .transformJobStatus(TransformJobStatus.of(job.status()))
        .failureReason(document.failureReason())
        .build();
  }

  /** Begins to stop a job; it is Stopping when this returns, then Stopped. */
  public Nothing stop(StopTransformJobRequest input, CallContext context) {
    String name = Objects.requireNonNull(input.transformJobName());
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    Resource stopping =
        store.write(transaction -> {
          Resource job =
              transaction
                  .find(Kind.TRANSFORM_JOB.key(name))
                  .orElseThrow(() ->
                      AwsException.validation(
                          "Could not find job to update with name: %s".formatted(name)));
          if (TransformJobStatus.of(job.status()) != TransformJobStatus.IN_PROGRESS) {
            throw AwsException.validation(
                "The request was rejected because the transform job is in status %s"
                    .formatted(job.status()));
          }
          return transaction.update(
              job.with(TransformJobStatus.STOPPING.wire(), job.document(), now));
        });
    jobs.stop(stopping);
    return new Nothing();
  }
}
