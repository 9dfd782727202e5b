package dev.berth.hosting.route;

import java.util.List;

/**
 * One endpoint as the gateway sees it.
 *
 * @param endpointName name as created
 * @param variants production variants in the order of the config
 */
public record EndpointRoute(String endpointName, List<VariantRoute> variants) {
  public EndpointRoute {
    variants = List.copyOf(variants);
  }
}
