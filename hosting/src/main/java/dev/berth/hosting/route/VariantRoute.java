package dev.berth.hosting.route;

import java.util.List;

/**
 * One production variant.
 *
 * @param weight share of the traffic is weight / sum of weights; 0 takes none unless named by
 *     TargetVariant
 * @param strategy how one of several instances is picked
 * @param instances those in service; empty while the fleet comes back after a restart
 */
public record VariantRoute(
    String name, float weight, Strategy strategy, List<InstanceRoute> instances) {
  public VariantRoute {
    instances = List.copyOf(instances);
  }

  /** {@code RoutingConfig.RoutingStrategy}. */
  public enum Strategy {
    RANDOM,
    LEAST_OUTSTANDING_REQUESTS
  }
}
