package dev.berth.hosting.route;

import org.jspecify.annotations.Nullable;

/** The endpoints that take invocations now. Reading costs one volatile read and one map look-up. */
@FunctionalInterface
public interface RoutingTable {

  /**
   * Returns the endpoint's route, or null when no such endpoint takes invocations (unknown, still
   * Creating, Failed or Deleting).
   *
   * @param endpointName name in the case it was created with
   */
  @Nullable EndpointRoute find(String endpointName);
}
