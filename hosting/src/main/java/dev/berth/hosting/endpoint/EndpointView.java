package dev.berth.hosting.endpoint;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.berth.hosting.multimodel.ModelCacheView;
import dev.berth.hosting.route.InvocationFigures;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What goes on in an endpoint now, for people: more than DescribeEndpoint has members for.
 *
 * @param status as on the wire
 * @param failureReason why the last deployment failed
 * @param variants how the invocations of the variants that take traffic went
 */
public record EndpointView(
    String endpoint,
    String status,
    @Nullable String failureReason,
    List<InstanceView> instances,
    List<InvocationFigures> variants) {
  public EndpointView {
    instances = List.copyOf(instances);
    variants = List.copyOf(variants);
  }

  /**
   * One instance.
   *
   * @param generation generation of its fleet
   * @param state {@code Preparing}, {@code Starting}, {@code InService}, {@code Draining}, {@code
   *     Stopping} or {@code Failed}
   * @param step what it is doing now, or why it failed
   * @param doneBytes of its model data, while Preparing
   * @param totalBytes of its model data, while Preparing
   * @param models of a multi-model instance in service; null for others
   */
  public record InstanceView(
      String variant,
      String instance,
      long generation,
      String state,
      String step,
      long doneBytes,
      long totalBytes,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable ModelCacheView models) {

    InstanceView with(@Nullable ModelCacheView newModels) {
      return new InstanceView(
          variant, instance, generation, state, step, doneBytes, totalBytes, newModels);
    }
  }
}
