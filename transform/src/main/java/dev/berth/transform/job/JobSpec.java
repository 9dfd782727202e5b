package dev.berth.transform.job;

import dev.berth.hosting.artifact.S3Uri;
import dev.berth.hosting.plan.ModelPlan;
import dev.berth.transform.invoke.Invoker.Manner;
import dev.berth.transform.processing.InferenceIds;
import dev.berth.transform.processing.JsonPath;
import dev.berth.transform.processing.Processing;
import dev.berth.transform.record.Splitting;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a job shall do, taken from its request.
 *
 * @param id unique id of the job
 * @param name the job's name
 * @param region for messages
 * @param input prefix or manifest
 * @param isManifest whether {@code input} is a manifest
 * @param isGzip whether objects are gunzipped before they are split
 * @param splitType {@code SplitType}
 * @param contentType {@code ContentType}, or null
 * @param accept {@code Accept}, or null
 * @param output {@code S3OutputPath}
 * @param kmsKeyId key that outputs are encrypted with
 * @param assemblesLines {@code AssembleWith=Line}
 * @param processing how records are filtered and joined
 * @param capture {@code DataCaptureConfig}
 * @param asked what the request says of batching
 * @param timeout for each attempt of each request
 * @param maxRetries attempts after the first
 * @param instanceType {@code ml.*} type
 * @param instanceCount most instances at a time
 * @param model the model, with the job's environment
 */
record JobSpec(
    String id,
    String name,
    String region,
    S3Uri input,
    boolean isManifest,
    boolean isGzip,
    Splitting.Type splitType,
    @Nullable String contentType,
    @Nullable String accept,
    S3Uri output,
    Optional<String> kmsKeyId,
    boolean assemblesLines,
    Optional<Filters> processing,
    Optional<Capture> capture,
    JobParameters.Asked asked,
    Duration timeout,
    int maxRetries,
    String instanceType,
    int instanceCount,
    ModelPlan model) {

  /**
   * {@code DataProcessing} and {@code GenerateInferenceId}.
   *
   * @param format of input and output
   */
  record Filters(
      Processing.Format format,
      JsonPath input,
      JsonPath output,
      boolean isJoined,
      boolean hasIds) {}

  /** {@code DataCaptureConfig}. */
  record Capture(S3Uri destination, Optional<String> kmsKeyId) {}

  Splitting splitting(JobParameters parameters) {
    return new Splitting(
        splitType, parameters.isSingle(), parameters.maxPayloadBytes(), isCsv(contentType));
  }

  Optional<Processing> processing(JobParameters parameters, Instant startedAt) {
    return processing.map(filters ->
        new Processing(
            filters.format(),
            splitting(parameters),
            filters.input(),
            filters.output(),
            filters.isJoined(),
            filters.hasIds() ? Optional.of(new InferenceIds(id, startedAt)) : Optional.empty()));
  }

  Manner manner(JobParameters parameters) {
    return new Manner(contentType, accept, timeout, maxRetries, parameters.maxPayloadInMb() == 0);
  }

  private static boolean isCsv(@Nullable String contentType) {
    return contentType != null && contentType.split(";", 2)[0].strip().equalsIgnoreCase("text/csv");
  }
}
