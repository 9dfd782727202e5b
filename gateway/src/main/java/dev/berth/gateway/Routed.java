package dev.berth.gateway;

import dev.berth.hosting.multimodel.LoadedModel;
import dev.berth.hosting.route.InstanceRoute;
import org.jspecify.annotations.Nullable;

/**
 * Where an invocation goes, and what it keeps there until it {@linkplain #end() ends}.
 *
 * @param container name of the container in messages
 * @param model hold on one of a multi-model container's models, else null
 */
record Routed(
    String endpoint,
    String variant,
    InstanceRoute instance,
    String container,
    @Nullable LoadedModel model) {

  /** One that holds no model. */
  Routed(String endpoint, String variant, InstanceRoute instance, String container) {
    this(endpoint, variant, instance, container, null);
  }

  /** Returns this with a hold that it gives back in the end. */
  Routed with(LoadedModel held) {
    return new Routed(endpoint, variant, instance, container, held);
  }

  /** Counts the invocation out; exactly once. */
  void end() {
    LoadedModel held = model;
    if (held != null) {
      held.release();
    }
    instance.end();
  }

  InvocationFailure.ModelError modelError(int status, String message) {
    return new InvocationFailure.ModelError(endpoint, container, status, message);
  }
}
