package dev.berth.gateway;

import dev.berth.hosting.route.InstanceRoute;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts an invocation in at its instance, and out once everything that uses the instance for it
 * has let go: a model in this JVM may run on after its client was answered, and must not be
 * unloaded meanwhile. Many threads at a time.
 */
final class InstanceHold {
  private final InstanceRoute instance;
  private final AtomicInteger users = new AtomicInteger(1);

  private InstanceHold(InstanceRoute instance) {
    this.instance = instance;
  }

  /** Returns a hold with one user. */
  static InstanceHold on(InstanceRoute instance) {
    instance.begin();
    return new InstanceHold(instance);
  }

  InstanceRoute instance() {
    return instance;
  }

  /** Adds a user; whoever calls it is one. */
  void retain() {
    users.incrementAndGet();
  }

  /** Lets go; each user once. */
  void release() {
    if (users.decrementAndGet() == 0) {
      instance.end();
    }
  }
}
