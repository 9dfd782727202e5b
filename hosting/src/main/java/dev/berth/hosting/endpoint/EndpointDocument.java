package dev.berth.hosting.endpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.berth.hosting.runtime.ResolvedImage;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is stored of an endpoint besides name, times and status: what is desired.
 *
 * @param lastGeneration generation given to the newest fleet
 * @param active fleet that takes the traffic; null while Creating and when that failed
 * @param pending fleet being deployed; it takes the traffic when all of it is healthy
 * @param previous fleet that took the traffic before, kept for TerminationWaitInSeconds
 * @param previousUntilMillis until when {@code previous} is kept, epoch milliseconds
 * @param failureReason why the last deployment failed
 * @param failedConfigName config of the first deployment when that failed, which leaves no fleet
 * @param deploymentConfig DeploymentConfig of the last deployment, JSON
 */
public record EndpointDocument(
    long lastGeneration,
    @Nullable Fleet active,
    @Nullable Fleet pending,
    @Nullable Fleet previous,
    long previousUntilMillis,
    @Nullable String failureReason,
    @Nullable String failedConfigName,
    @Nullable String deploymentConfig) {
  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  /** Longest FailureReason that the API allows, in characters (shape FailureReason). */
  private static final int MAX_REASON = 1024;

  public EndpointDocument {
    if (failureReason != null && failureReason.length() > MAX_REASON) {
      failureReason = failureReason.substring(0, MAX_REASON - 1) + "…";
    }
  }

  static EndpointDocument parse(String json) {
    try {
      return JSON.readValue(json, EndpointDocument.class);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("stored endpoint can't be read: " + json, e);
    }
  }

  String toJson() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("endpoint can't be written", e);
    }
  }

  /** Returns an endpoint whose first fleet is to be deployed. */
  static EndpointDocument creating(Fleet fleet, @Nullable String deploymentConfig) {
    return new EndpointDocument(
        fleet.generation(), null, fleet, null, 0, null, null, deploymentConfig);
  }

  /** Returns this endpoint with a fleet to deploy beside the active one. */
  EndpointDocument updating(Fleet fleet, @Nullable String newDeploymentConfig) {
    return new EndpointDocument(
        fleet.generation(), active, fleet, null, 0, null, null, newDeploymentConfig);
  }

  /** Returns this endpoint with other weights and counts desired of its active fleet. */
  EndpointDocument scaling(Fleet newActive) {
    return new EndpointDocument(
        lastGeneration, newActive, null, null, 0, null, null, deploymentConfig);
  }

  /**
   * Returns this endpoint with what the images of its pending fleet stand for.
   *
   * @param images by variant
   */
  EndpointDocument resolved(Map<String, List<ResolvedImage>> images) {
    Fleet fleet = required(pending);
    Fleet resolved =
        fleet.withVariants(
            fleet.variants().stream()
                .map(variant -> variant.resolved(images.getOrDefault(variant.name(), List.of())))
                .toList());
    return new EndpointDocument(
        lastGeneration,
        active,
        resolved,
        previous,
        previousUntilMillis,
        failureReason,
        failedConfigName,
        deploymentConfig);
  }

  /** Returns this endpoint after its pending fleet has taken the traffic. */
  EndpointDocument promoted(long keepPreviousUntilMillis) {
    return new EndpointDocument(
        lastGeneration,
        pending,
        null,
        keepPreviousUntilMillis > 0 ? active : null,
        keepPreviousUntilMillis,
        null,
        null,
        deploymentConfig);
  }

  /** Returns this endpoint without the fleet before the active one. */
  EndpointDocument baked() {
    return new EndpointDocument(
        lastGeneration, active, null, null, 0, null, null, deploymentConfig);
  }

  /** Returns this endpoint after its pending fleet could not be deployed. */
  EndpointDocument deploymentFailed(String reason) {
    String failed = active == null && pending != null ? pending.configName() : null;
    return new EndpointDocument(
        lastGeneration, active, null, null, 0, reason, failed, deploymentConfig);
  }

  /** Returns this endpoint with the desired weights and counts of its active fleet reached. */
  EndpointDocument settled() {
    return scaling(
        required(active)
            .withVariants(
                required(active).variants().stream().map(Fleet.Variant::settled).toList()));
  }

  /** Returns this endpoint with the desired weights and counts of its active fleet taken back. */
  EndpointDocument reverted(String reason) {
    Fleet before =
        required(active)
            .withVariants(
                required(active).variants().stream().map(Fleet.Variant::reverted).toList());
    return new EndpointDocument(
        lastGeneration, before, null, null, 0, reason, null, deploymentConfig);
  }

  private static Fleet required(@Nullable Fleet fleet) {
    if (fleet == null) {
      throw new IllegalStateException("no such fleet");
    }
    return fleet;
  }
}
