package dev.berth.hosting.endpoint;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.berth.hosting.plan.ModelPlan;
import dev.berth.hosting.runtime.Capability;
import dev.berth.hosting.runtime.ResolvedImage;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One generation of an endpoint's instances, complete in itself: a snapshot of the endpoint config
 * and its models, because both may be deleted while the endpoint lives (Developer Guide, "Delete
 * endpoints and resources"). Stored in the endpoint's document as JSON.
 *
 * @param generation from 1, one more for each deployment
 * @param configName endpoint config it was made from
 * @param configDocument the config's CreateEndpointConfig request, JSON
 * @param variants production variants in the order of the config
 * @param needs capabilities the config asks for beyond its models
 * @param startedAtMillis when its deployment began, epoch milliseconds
 * @param maximumSeconds most seconds the deployment may take; 0 for no bound
 * @param terminationWaitSeconds how long the fleet before it is kept after the traffic moved
 */
public record Fleet(
    long generation,
    String configName,
    String configDocument,
    List<Variant> variants,
    Set<Capability> needs,
    long startedAtMillis,
    int maximumSeconds,
    int terminationWaitSeconds) {
  public Fleet {
    variants = List.copyOf(variants);
    needs = Set.copyOf(needs);
  }

  /**
   * A production variant: how much of it runs and what each instance is.
   *
   * @param currentWeight weight that traffic is split by now
   * @param desiredWeight weight asked for; becomes current when the capacity asked for is there
   * @param currentCount instances that were asked for before a change in progress
   * @param desiredCount instances asked for
   * @param downloadTimeoutSeconds for staging all of a container's model data
   * @param startupTimeoutSeconds for a started container to become healthy
   * @param routing {@code RANDOM} or {@code LEAST_OUTSTANDING_REQUESTS}
   * @param images what each container's image stands for, so that later instances are of the same;
   *     empty until the fleet takes the traffic, and where images are only names
   */
  public record Variant(
      String name,
      float currentWeight,
      float desiredWeight,
      int currentCount,
      int desiredCount,
      @Nullable String instanceType,
      int downloadTimeoutSeconds,
      int startupTimeoutSeconds,
      String routing,
      ModelPlan model,
      List<ResolvedImage> images) {
    public Variant {
      // Documents from before this was kept lack it.
      images = List.copyOf(Objects.requireNonNullElse(images, List.of()));
    }

    /** Returns this variant with what its images stand for. */
    Variant resolved(List<ResolvedImage> newImages) {
      return new Variant(
          name,
          currentWeight,
          desiredWeight,
          currentCount,
          desiredCount,
          instanceType,
          downloadTimeoutSeconds,
          startupTimeoutSeconds,
          routing,
          model,
          newImages);
    }

    /** Returns this variant with what is desired taken as what is. */
    Variant settled() {
      return with(desiredWeight, desiredWeight, desiredCount, desiredCount);
    }

    /** Returns this variant with what is desired taken back. */
    Variant reverted() {
      return with(currentWeight, currentWeight, currentCount, currentCount);
    }

    /** Returns this variant with other desired values. */
    Variant desiring(float weight, int count) {
      return with(currentWeight, weight, currentCount, count);
    }

    private Variant with(float weight, float newWeight, int count, int newCount) {
      return new Variant(
          name,
          weight,
          newWeight,
          count,
          newCount,
          instanceType,
          downloadTimeoutSeconds,
          startupTimeoutSeconds,
          routing,
          model,
          images);
    }
  }

  Fleet withVariants(List<Variant> newVariants) {
    return new Fleet(
        generation,
        configName,
        configDocument,
        newVariants,
        needs,
        startedAtMillis,
        maximumSeconds,
        terminationWaitSeconds);
  }

  @JsonIgnore
  boolean isSettled() {
    return variants.stream()
        .allMatch(
            v -> v.currentCount() == v.desiredCount() && v.currentWeight() == v.desiredWeight());
  }
}
