package dev.berth.transform.job;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.AssemblyType;
import dev.berth.api.sagemaker.BatchDataCaptureConfig;
import dev.berth.api.sagemaker.BatchStrategy;
import dev.berth.api.sagemaker.CompressionType;
import dev.berth.api.sagemaker.CreateTransformJobRequest;
import dev.berth.api.sagemaker.DataProcessing;
import dev.berth.api.sagemaker.JoinSource;
import dev.berth.api.sagemaker.ModelClientConfig;
import dev.berth.api.sagemaker.S3DataType;
import dev.berth.api.sagemaker.SplitType;
import dev.berth.api.sagemaker.TransformInput;
import dev.berth.api.sagemaker.TransformOutput;
import dev.berth.api.sagemaker.TransformS3DataSource;
import dev.berth.hosting.model.S3Urls;
import dev.berth.hosting.plan.ContainerPlan;
import dev.berth.hosting.plan.ModelPlan;
import dev.berth.transform.job.JobSpec.Capture;
import dev.berth.transform.job.JobSpec.Filters;
import dev.berth.transform.processing.JsonPath;
import dev.berth.transform.processing.Processing.Format;
import dev.berth.transform.record.Splitting;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Takes a request apart. Pure. */
final class JobSpecs {
  /** {@code InvocationsTimeoutInSeconds} when absent (API Reference, ModelClientConfig). */
  private static final int DEFAULT_TIMEOUT_SECONDS = 600;

  /** {@code InvocationsMaxRetries} when absent (API Reference, ModelClientConfig). */
  private static final int DEFAULT_RETRIES = 3;

  private JobSpecs() {}

  /** Returns what a stored job shall do. */
  static JobSpec of(String id, String region, TransformJobDocument document) {
    CreateTransformJobRequest request = document.asked();
    TransformInput input = Objects.requireNonNull(request.transformInput());
    TransformOutput output = Objects.requireNonNull(request.transformOutput());
    TransformS3DataSource source = source(request);
    var resources = Objects.requireNonNull(request.transformResources());
    ModelClientConfig client = request.modelClientConfig();
    return new JobSpec(
        id,
        Objects.requireNonNull(request.transformJobName()),
        region,
        S3Urls.parse(Objects.requireNonNull(source.s3Uri()), "S3Uri"),
        source.s3DataType() == S3DataType.MANIFEST_FILE,
        input.compressionType() == CompressionType.GZIP,
        type(input.splitType()),
        input.contentType(),
        output.accept(),
        S3Urls.parse(Objects.requireNonNull(output.s3OutputPath()), "S3OutputPath"),
        given(output.kmsKeyId()),
        output.assembleWith() == AssemblyType.LINE,
        filters(request),
        capture(request.dataCaptureConfig()),
        new JobParameters.Asked(
            request.maxConcurrentTransforms(), request.maxPayloadInMB(), request.batchStrategy()),
        Duration.ofSeconds(
            client == null || client.invocationsTimeoutInSeconds() == null
                ? DEFAULT_TIMEOUT_SECONDS
                : client.invocationsTimeoutInSeconds()),
        client == null || client.invocationsMaxRetries() == null
            ? DEFAULT_RETRIES
            : client.invocationsMaxRetries(),
        Objects.requireNonNull(resources.instanceType()),
        Objects.requireNonNull(resources.instanceCount()),
        document.model());
  }

  static TransformS3DataSource source(CreateTransformJobRequest request) {
    TransformInput input = Objects.requireNonNull(request.transformInput());
    return Objects.requireNonNull(Objects.requireNonNull(input.dataSource()).s3DataSource());
  }

  static Optional<String> given(@Nullable String text) {
    return Optional.ofNullable(text).filter(some -> !some.isEmpty());
  }

  private static Splitting.Type type(@Nullable SplitType type) {
    return switch (type) {
      case null -> Splitting.Type.NONE;
      case NONE -> Splitting.Type.NONE;
      case LINE -> Splitting.Type.LINE;
      case RECORD_IO -> Splitting.Type.RECORD_IO;
      case TF_RECORD -> Splitting.Type.TF_RECORD;
    };
  }

  private static Optional<Capture> capture(@Nullable BatchDataCaptureConfig config) {
    return config == null
        ? Optional.empty()
        : Optional.of(
            new Capture(
                S3Urls.parse(
                    Objects.requireNonNull(config.destinationS3Uri()),
                    "DataCaptureConfig.DestinationS3Uri"),
                given(config.kmsKeyId())));
  }

  /** Returns the path of a filter; an absent one is all. */
  static JsonPath path(@Nullable String text, String field) {
    try {
      return text == null ? JsonPath.ALL : JsonPath.parse(text);
    } catch (IllegalArgumentException e) {
      throw AwsException.validation("%s is %s.".formatted(field, e.getMessage()));
    }
  }

  /** Returns what {@code DataProcessing} asks for, empty where it asks for nothing. */
  static Optional<Filters> filters(CreateTransformJobRequest request) {
    DataProcessing processing = request.dataProcessing();
    BatchDataCaptureConfig capture = request.dataCaptureConfig();
    boolean hasIds = capture != null && Boolean.TRUE.equals(capture.generateInferenceId());
    JsonPath in = processing == null ? JsonPath.ALL : path(processing.inputFilter(), "InputFilter");
    JsonPath out =
        processing == null ? JsonPath.ALL : path(processing.outputFilter(), "OutputFilter");
    boolean isJoined = processing != null && processing.joinSource() == JoinSource.INPUT;
    if (in.isAll() && out.isAll() && !isJoined && !hasIds) {
      return Optional.empty();
    }
    TransformInput input = Objects.requireNonNull(request.transformInput());
    TransformOutput output = Objects.requireNonNull(request.transformOutput());
    Optional<Format> format =
        format(output.accept() == null ? input.contentType() : output.accept());
    return format.map(of -> new Filters(of, in, out, isJoined, hasIds));
  }

  /** Returns how records of a media type are taken apart, empty where they can't be. */
  static Optional<Format> format(@Nullable String mediaType) {
    if (mediaType == null) {
      return Optional.empty();
    }
    return switch (mediaType.split(";", 2)[0].strip().toLowerCase(Locale.ROOT)) {
      case "text/csv" -> Optional.of(Format.CSV);
      case "application/json" -> Optional.of(Format.JSON);
      case "application/jsonlines" -> Optional.of(Format.JSON_LINES);
      default -> Optional.empty();
    };
  }

  /**
   * Returns the model as a job runs it: each container has the job's environment over the model's
   * own, and over both what the platform sets (Developer Guide, "Use Your Own Inference Code with
   * Batch Transform").
   */
  static ModelPlan model(ModelPlan model, CreateTransformJobRequest request) {
    var variables = new LinkedHashMap<String, String>();
    if (request.environment() != null) {
      variables.putAll(request.environment());
    }
    variables.put("SAGEMAKER_BATCH", "true");
    put(variables, "SAGEMAKER_MAX_PAYLOAD_IN_MB", request.maxPayloadInMB());
    put(variables, "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", request.maxConcurrentTransforms());
    if (request.batchStrategy() != null) {
      variables.put(
          "SAGEMAKER_BATCH_STRATEGY",
          request.batchStrategy() == BatchStrategy.SINGLE_RECORD
              ? "SINGLE_RECORD"
              : "MULTI_RECORD");
    }
    return new ModelPlan(
        model.modelName(),
        model.containers().stream().map(container -> with(container, variables)).toList(),
        model.isDirect(),
        model.needs(),
        model.network(),
        model.executionRoleArn());
  }

  private static void put(Map<String, String> variables, String name, @Nullable Integer value) {
    if (value != null) {
      variables.put(name, Integer.toString(value));
    }
  }

  private static ContainerPlan with(ContainerPlan container, Map<String, String> variables) {
    var environment = new LinkedHashMap<>(container.environment());
    environment.putAll(variables);
    return new ContainerPlan(
        container.label(),
        container.hostname(),
        container.image(),
        container.registry(),
        container.isMultiModel(),
        container.keepsModels(),
        environment,
        container.data(),
        container.additionalData());
  }
}
