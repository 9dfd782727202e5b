package dev.berth.transform.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.berth.api.json.ApiJson;
import dev.berth.api.sagemaker.CreateTransformJobRequest;
import dev.berth.hosting.plan.ModelPlan;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is stored of a transform job besides name, times and status.
 *
 * @param request the CreateTransformJob request without its tags, JSON
 * @param model the model as it was when the job was created, with the job's environment: it may be
 *     deleted while the job runs
 * @param startedMillis when its instances began to start, epoch milliseconds; 0 before
 * @param endedMillis when it ended, epoch milliseconds; 0 before
 * @param failureReason why it failed
 */
record TransformJobDocument(
    String request,
    ModelPlan model,
    long startedMillis,
    long endedMillis,
    @Nullable String failureReason) {
  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  /** Longest FailureReason that the API allows, in characters (shape FailureReason). */
  private static final int MOST_REASON = 1024;

  TransformJobDocument {
    if (failureReason != null && failureReason.length() > MOST_REASON) {
      failureReason = failureReason.substring(0, MOST_REASON - 1) + "…";
    }
  }

  static TransformJobDocument parse(String json) {
    try {
      return JSON.readValue(json, TransformJobDocument.class);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("stored transform job can't be read: " + json, e);
    }
  }

  String toJson() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("transform job can't be written", e);
    }
  }

  CreateTransformJobRequest asked() {
    return ApiJson.fromJson(request, CreateTransformJobRequest.SHAPE);
  }

  Optional<Instant> startedAt() {
    return startedMillis == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(startedMillis));
  }

  Optional<Instant> endedAt() {
    return endedMillis == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(endedMillis));
  }

  TransformJobDocument started(Instant now) {
    return startedMillis != 0
        ? this
        : new TransformJobDocument(request, model, now.toEpochMilli(), endedMillis, failureReason);
  }

  TransformJobDocument ended(Instant now, @Nullable String reason) {
    return new TransformJobDocument(request, model, startedMillis, now.toEpochMilli(), reason);
  }
}
