package dev.berth.gateway;

import dev.berth.hosting.route.InstanceRoute;

/**
 * Where an invocation goes.
 *
 * @param container name of the container in messages
 */
record Routed(String endpoint, String variant, InstanceRoute instance, String container) {

  InvocationFailure.ModelError modelError(int status, String message) {
    return new InvocationFailure.ModelError(endpoint, container, status, message);
  }
}
