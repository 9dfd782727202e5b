package dev.berth.gateway;

import dev.berth.hosting.load.ContainerLoad;
import dev.berth.hosting.multimodel.LoadedModel;
import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.route.VariantRoute;
import dev.berth.hosting.runtime.Target;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which containers may be given one more request: not those that have as many as they may, nor
 * those that would answer it only after its time is up. It would wait there for nothing, and make
 * those behind it wait too.
 *
 * @param maxInFlight most requests that a container has at a time
 */
record Admission(int maxInFlight) {

  /**
   * Returns {@code instance} if its container at {@code position} may be given a request, else
   * another of the variant's that may, the least busy first, or null.
   *
   * @param leftNanos time that the request still has
   */
  @Nullable InstanceRoute able(
      VariantRoute variant, InstanceRoute instance, int position, long leftNanos) {
    if (takes(instance, position, leftNanos)) {
      return instance;
    }
    InstanceRoute best = null;
    List<InstanceRoute> instances = variant.instances();
    for (int i = 0; i < instances.size(); i++) {
      InstanceRoute other = instances.get(i);
      if (takes(other, position, leftNanos)
          && (best == null || other.inFlight() < best.inFlight())) {
        best = other;
      }
    }
    return best;
  }

  /** Whether a container may be given a request; what runs in this JVM waits for a worker. */
  boolean takes(InstanceRoute instance, int position, long leftNanos) {
    if (!(instance.containers().get(position).target() instanceof Target.Http)) {
      return true;
    }
    ContainerLoad load = instance.meter(position).load();
    return load.inFlight() < maxInFlight && load.expectedNanos() <= leftNanos;
  }

  /** Whether one of a container's models may be given a request. Each has its own pace. */
  boolean takes(InstanceRoute instance, int position, LoadedModel model, long leftNanos) {
    return instance.meter(position).load().inFlight() < maxInFlight
        && model.load().expectedNanos() <= leftNanos;
  }

  /** Says why a container is not given a request, and counts it. */
  InvocationFailure shed(
      String endpoint, VariantRoute variant, InstanceRoute instance, int position) {
    return shed(endpoint, variant, instance, position, instance.meter(position).load());
  }

  /**
   * Says why a container is not given a request, and counts it.
   *
   * @param waiting that of the container, or of the model in it that was meant
   */
  InvocationFailure shed(
      String endpoint,
      VariantRoute variant,
      InstanceRoute instance,
      int position,
      ContainerLoad waiting) {
    ContainerLoad load = instance.meter(position).load();
    instance.meter(position).shed();
    long expectedSeconds = waiting.expectedNanos() / 1_000_000_000L;
    String why =
        load.inFlight() >= maxInFlight
            ? "which is the most that it may have"
            : "and would answer one more only after about " + expectedSeconds + " s";
    return new InvocationFailure.ServiceUnavailable(
        "Variant "
            + variant.name()
            + " of endpoint "
            + endpoint
            + " is overloaded: container "
            + instance.containers().get(position).name()
            + " has "
            + load.inFlight()
            + " requests, "
            + why
            + ". Please try again later.");
  }
}
