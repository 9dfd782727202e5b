package dev.berth.transform.job;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.AssemblyType;
import dev.berth.api.sagemaker.BatchDataCaptureConfig;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.ContainerMode;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.CreateTransformJobRequest;
import dev.berth.api.sagemaker.DataProcessing;
import dev.berth.api.sagemaker.ExperimentConfig;
import dev.berth.api.sagemaker.InferenceExecutionMode;
import dev.berth.api.sagemaker.JoinSource;
import dev.berth.api.sagemaker.RepositoryAccessMode;
import dev.berth.api.sagemaker.SplitType;
import dev.berth.api.sagemaker.TransformInput;
import dev.berth.api.sagemaker.TransformOutput;
import dev.berth.api.sagemaker.TransformResources;
import dev.berth.api.sagemaker.TransformS3DataSource;
import dev.berth.hosting.model.S3Urls;
import dev.berth.transform.processing.JsonPath;
import dev.berth.transform.processing.Processing.Format;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The rules of CreateTransformJob that its shape's constraints don't say (API Reference,
 * CreateTransformJob, TransformInput, DataProcessing; Developer Guide, "Associate Prediction
 * Results with Input Records"). AWS's texts for these have not been seen; ours name field, value
 * and rule.
 */
final class TransformJobRules {
  /** API Reference, CreateTransformJob: both the payload and its product with the concurrency. */
  private static final int MOST_PAYLOAD_MB = 100;

  private static final int MOST_INSTANCES = 100;

  private TransformJobRules() {}

  /**
   * Checks a request, apart from the model it names.
   *
   * @param encrypts whether outputs can be encrypted with a KMS key
   * @throws AwsException ValidationException or ResourceNotFound that says which rule is broken
   */
  static void check(CreateTransformJobRequest request, boolean encrypts) {
    checkPayload(request);
    checkInput(JobSpecs.source(request));
    TransformOutput output = Objects.requireNonNull(request.transformOutput());
    S3Urls.parse(Objects.requireNonNull(output.s3OutputPath()), "TransformOutput.S3OutputPath");
    checkKey(output.kmsKeyId(), "TransformOutput.KmsKeyId", encrypts);
    checkResources(Objects.requireNonNull(request.transformResources()));
    checkCapture(request, encrypts);
    checkProcessing(request);
    checkExperiment(request.experimentConfig());
  }

  private static void checkPayload(CreateTransformJobRequest request) {
    Integer payload = request.maxPayloadInMB();
    Integer concurrent = request.maxConcurrentTransforms();
    if (payload != null && payload > MOST_PAYLOAD_MB) {
      throw AwsException.validation(
          "MaxPayloadInMB is %d; it must be at most %d, or 0 for no limit."
              .formatted(payload, MOST_PAYLOAD_MB));
    }
    if (payload != null && concurrent != null && (long) payload * concurrent > MOST_PAYLOAD_MB) {
      throw AwsException.validation(
          "MaxConcurrentTransforms (%d) times MaxPayloadInMB (%d) is %d; it must be at most %d."
              .formatted(concurrent, payload, (long) payload * concurrent, MOST_PAYLOAD_MB));
    }
  }

  private static void checkInput(TransformS3DataSource source) {
    String field = "TransformInput.DataSource.S3DataSource";
    switch (Objects.requireNonNull(source.s3DataType())) {
      case S3_PREFIX, MANIFEST_FILE -> {}
      case AUGMENTED_MANIFEST_FILE, CONVERSE ->
          throw AwsException.validation(
              "%s.S3DataType is \"%s\"; a transform job takes S3Prefix or ManifestFile."
                  .formatted(field, source.s3DataType().wire()));
    }
    S3Urls.parse(Objects.requireNonNull(source.s3Uri()), field + ".S3Uri");
  }

  private static void checkKey(@Nullable String key, String field, boolean encrypts) {
    if (!encrypts && JobSpecs.given(key).isPresent()) {
      throw AwsException.validation(
          "%s is \"%s\": the embedded object store has no KMS to encrypt with; leave it out, or give Berth an S3 that has (settings s3.*)."
              .formatted(field, key));
    }
  }

  private static void checkResources(TransformResources resources) {
    int count = Objects.requireNonNull(resources.instanceCount());
    if (count > MOST_INSTANCES) {
      throw AwsException.validation(
          "TransformResources.InstanceCount is %d; it must be at most %d."
              .formatted(count, MOST_INSTANCES));
    }
    if (JobSpecs.given(resources.volumeKmsKeyId()).isPresent()) {
      throw AwsException.validation(
          "TransformResources.VolumeKmsKeyId is \"%s\": Berth's instances have no volumes of their own that it could encrypt; leave it out, and encrypt the disk of the data folder."
              .formatted(resources.volumeKmsKeyId()));
    }
  }

  private static void checkCapture(CreateTransformJobRequest request, boolean encrypts) {
    BatchDataCaptureConfig capture = request.dataCaptureConfig();
    if (capture == null) {
      return;
    }
    S3Urls.parse(
        Objects.requireNonNull(capture.destinationS3Uri()), "DataCaptureConfig.DestinationS3Uri");
    checkKey(capture.kmsKeyId(), "DataCaptureConfig.KmsKeyId", encrypts);
    if (!Boolean.TRUE.equals(capture.generateInferenceId())) {
      return;
    }
    String accept = accept(request);
    if (JobSpecs.format(accept).isEmpty()) {
      throw AwsException.validation(
          "DataCaptureConfig.GenerateInferenceId is true and the output is \"%s\"; ids can be added to text/csv, application/json and application/jsonlines only: set TransformOutput.Accept."
              .formatted(accept == null ? "" : accept));
    }
  }

  private static @Nullable String accept(CreateTransformJobRequest request) {
    String accept = Objects.requireNonNull(request.transformOutput()).accept();
    return accept == null ? Objects.requireNonNull(request.transformInput()).contentType() : accept;
  }

  private static void checkProcessing(CreateTransformJobRequest request) {
    DataProcessing processing = request.dataProcessing();
    if (processing == null) {
      return;
    }
    JsonPath inputFilter = JobSpecs.path(processing.inputFilter(), "DataProcessing.InputFilter");
    JsonPath outputFilter = JobSpecs.path(processing.outputFilter(), "DataProcessing.OutputFilter");
    if (inputFilter.isAll()
        && outputFilter.isAll()
        && processing.joinSource() != JoinSource.INPUT) {
      return;
    }
    Format format = checkFormats(request);
    if (format == Format.CSV) {
      checkColumns(inputFilter, "DataProcessing.InputFilter");
      checkColumns(outputFilter, "DataProcessing.OutputFilter");
    }
  }

  private static Format checkFormats(CreateTransformJobRequest request) {
    TransformInput input = Objects.requireNonNull(request.transformInput());
    TransformOutput output = Objects.requireNonNull(request.transformOutput());
    Optional<Format> in = JobSpecs.format(input.contentType());
    Optional<Format> out = JobSpecs.format(output.accept());
    if (in.isEmpty() || !in.equals(out)) {
      throw AwsException.validation(
          "DataProcessing needs TransformInput.ContentType and TransformOutput.Accept to be the same, one of text/csv, application/json and application/jsonlines; they are \"%s\" and \"%s\"."
              .formatted(words(input.contentType()), words(output.accept())));
    }
    boolean splitsLines = input.splitType() == SplitType.LINE;
    boolean splitsNothing = input.splitType() == null || input.splitType() == SplitType.NONE;
    boolean assemblesLines = output.assembleWith() == AssemblyType.LINE;
    boolean areLines = splitsLines && assemblesLines;
    boolean areWhole = splitsNothing && !assemblesLines;
    if (!areLines && !(areWhole && in.get() == Format.JSON)) {
      throw AwsException.validation(
          "DataProcessing of %s needs %s; SplitType is \"%s\" and AssembleWith is \"%s\"."
              .formatted(
                  input.contentType(),
                  in.get() == Format.JSON
                      ? "SplitType and AssembleWith to be the same, Line or None"
                      : "SplitType and AssembleWith to be Line",
                  input.splitType() == null ? "None" : input.splitType().wire(),
                  output.assembleWith() == null ? "None" : output.assembleWith().wire()));
    }
    return in.get();
  }

  private static String words(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static void checkColumns(JsonPath path, String field) {
    if (!path.isOfColumns()) {
      throw AwsException.validation(
          "%s is \"%s\"; columns of text/csv are selected by their numbers, as in $[0], $[0,2] or $[1:4]."
              .formatted(field, path.text()));
    }
  }

  private static void checkExperiment(@Nullable ExperimentConfig experiment) {
    if (experiment == null) {
      return;
    }
    checkAbsent(experiment.experimentName(), "ExperimentName");
    checkAbsent(experiment.trialName(), "TrialName");
    checkAbsent(experiment.runName(), "RunName");
  }

  private static void checkAbsent(@Nullable String name, String field) {
    if (name != null) {
      throw new AwsException(
          "ResourceNotFound",
          400,
          "ExperimentConfig.%s is \"%s\", which does not exist: Berth keeps no experiments."
              .formatted(field, name));
    }
  }

  /**
   * Checks that a transform job can run a model.
   *
   * @throws AwsException ValidationException that says why not
   */
  static void checkModel(CreateModelInput model) {
    List<ContainerDefinition> containers =
        model.primaryContainer() != null
            ? List.of(model.primaryContainer())
            : Objects.requireNonNull(model.containers());
    if (model.inferenceExecutionConfig() != null
        && model.inferenceExecutionConfig().mode() == InferenceExecutionMode.DIRECT) {
      throw refused(model, "InferenceExecutionConfig.Mode Direct", "use a model with Mode Serial");
    }
    for (ContainerDefinition container : containers) {
      if (container.mode() == ContainerMode.MULTI_MODEL) {
        throw refused(model, "a container with Mode MultiModel", "name one model's ModelDataUrl");
      }
      if (container.modelDataSource() != null) {
        throw refused(model, "a container with ModelDataSource", "use ModelDataUrl");
      }
      if (container.imageConfig() != null
          && container.imageConfig().repositoryAccessMode() == RepositoryAccessMode.VPC) {
        throw refused(
            model,
            "a container with RepositoryAccessMode Vpc",
            "use an image that is pulled with RepositoryAccessMode Platform");
      }
    }
  }

  /**
   * Checks the instance type against those that a model's packages support.
   *
   * @param supported empty for any
   */
  static void checkInstanceType(TransformResources resources, List<String> supported) {
    String type = Objects.requireNonNull(resources.instanceType());
    if (!supported.isEmpty() && !supported.contains(type)) {
      throw AwsException.validation(
          "TransformResources.InstanceType is \"%s\"; the model's package supports %s."
              .formatted(type, String.join(", ", supported)));
    }
  }

  private static AwsException refused(CreateModelInput model, String what, String instead) {
    return AwsException.validation(
        "ModelName is \"%s\", which has %s: transform jobs can't run that; %s."
            .formatted(model.modelName(), what, instead));
  }
}
