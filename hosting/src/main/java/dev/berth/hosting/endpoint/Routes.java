package dev.berth.hosting.endpoint;

import dev.berth.hosting.route.EndpointRoute;
import dev.berth.hosting.route.RoutingTable;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The routes in force: immutable per endpoint, replaced whole, read without a lock. */
final class Routes implements RoutingTable {
  private final ConcurrentHashMap<String, EndpointRoute> routes = new ConcurrentHashMap<>();

  @Override
  public @Nullable EndpointRoute find(String endpointName) {
    return routes.get(endpointName);
  }

  /** Puts a route in force, or takes the endpoint's out when {@code route} is null. */
  void publish(String endpointName, @Nullable EndpointRoute route) {
    if (route == null) {
      routes.remove(endpointName);
    } else if (!route.equals(routes.get(endpointName))) {
      routes.put(endpointName, route);
    }
  }
}
