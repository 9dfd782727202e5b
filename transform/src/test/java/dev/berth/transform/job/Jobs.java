package dev.berth.transform.job;

import static org.awaitility.Awaitility.await;

import dev.berth.api.error.AwsException;
import dev.berth.api.json.ApiJson;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.CreateTransformJobRequest;
import dev.berth.api.sagemaker.DescribeTransformJobRequest;
import dev.berth.api.sagemaker.DescribeTransformJobResponse;
import dev.berth.api.sagemaker.S3DataType;
import dev.berth.api.sagemaker.StopTransformJobRequest;
import dev.berth.api.sagemaker.TransformDataSource;
import dev.berth.api.sagemaker.TransformInput;
import dev.berth.api.sagemaker.TransformJobStatus;
import dev.berth.api.sagemaker.TransformOutput;
import dev.berth.api.sagemaker.TransformResources;
import dev.berth.api.sagemaker.TransformS3DataSource;
import dev.berth.api.service.CallContext;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.store.SqliteStore;
import dev.berth.store.Store;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;

/** Jobs over a real store, with models "good", "bad" and "pipe" on a fake runtime. */
final class Jobs implements AutoCloseable {
  private static final Arns ARNS = new Arns("000000000000", "us-east-1");
  private static final CallContext CONTEXT = null;
  private static final Set<TransformJobStatus> LASTING =
      Set.of(TransformJobStatus.COMPLETED, TransformJobStatus.FAILED, TransformJobStatus.STOPPED);

  final MemoryS3 s3;
  final FakeRuntime runtime;
  final TransformJobs jobs;
  final TransformJobOperations operations;
  private final Store store;

  Jobs(Path data, MemoryS3 s3, FakeRuntime runtime) {
    this(data, s3, runtime, InstantSource.system());
  }

  Jobs(Path data, MemoryS3 s3, FakeRuntime runtime, InstantSource clock) {
    this.s3 = s3;
    this.runtime = runtime;
    this.store = SqliteStore.open(data, "000000000000", "us-east-1");
    this.jobs =
        new TransformJobs(
            store,
            runtime,
            (_, _, _) -> {
              throw new AssertionError("nothing to stage");
            },
            s3,
            s3,
            data.resolve("transform"),
            "us-east-1",
            clock);
    this.operations =
        new TransformJobOperations(store, jobs, ARNS, InstantSource.system(), s3.encrypts());
    for (String image : new String[] {"good", "bad", "unknown"}) {
      if (store.find(Kind.MODEL.key(image)).isEmpty()) {
        model(image);
      }
    }
  }

  private void model(String image) {
    var model =
        CreateModelInput.builder()
            .modelName(image)
            .primaryContainer(ContainerDefinition.builder().image(image).build())
            .build();
    store.write(transaction -> {
      transaction.insert(
          Kind.MODEL.created(
              image, ARNS.of(Kind.MODEL, image), Instant.now(), "", ApiJson.toJson(model)));
      return image;
    });
  }

  /** Returns a request of all that a job needs, over {@code s3://b/in/}. */
  static CreateTransformJobRequest.Builder request(String name) {
    return CreateTransformJobRequest.builder()
        .transformJobName(name)
        .modelName("good")
        .transformInput(input().build())
        .transformOutput(TransformOutput.builder().s3OutputPath("s3://b/out").build())
        .transformResources(
            TransformResources.builder().instanceType("ml.m5.large").instanceCount(1).build());
  }

  static TransformInput.Builder input() {
    return TransformInput.builder()
        .dataSource(
            TransformDataSource.builder()
                .s3DataSource(
                    TransformS3DataSource.builder()
                        .s3DataType(S3DataType.S3_PREFIX)
                        .s3Uri("s3://b/in/")
                        .build())
                .build());
  }

  String create(CreateTransformJobRequest request) {
    operations.create(request, CONTEXT);
    return request.transformJobName();
  }

  DescribeTransformJobResponse describe(String name) {
    return operations.describe(
        DescribeTransformJobRequest.builder().transformJobName(name).build(), CONTEXT);
  }

  void stop(String name) throws AwsException {
    operations.stop(StopTransformJobRequest.builder().transformJobName(name).build(), CONTEXT);
  }

  DescribeTransformJobResponse ended(String name) {
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(2))
        .until(() -> LASTING.contains(describe(name).transformJobStatus()));
    return describe(name);
  }

  TransformJobView view(String name) {
    return jobs.view(name).orElseThrow();
  }

  @Override
  public void close() {
    jobs.close();
    store.close();
  }
}
