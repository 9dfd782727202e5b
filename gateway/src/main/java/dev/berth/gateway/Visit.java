package dev.berth.gateway;

import dev.berth.hosting.route.ContainerMeter;
import dev.berth.hosting.route.InstanceRoute;

/** One request's stay at a container: counted in and out, and timed. */
final class Visit {
  private InstanceRoute instance;
  private final int position;
  private final long begunNanos = System.nanoTime();
  private long sentNanos;
  private boolean isOver;

  private Visit(InstanceRoute instance, int position) {
    this.instance = instance;
    this.position = position;
    meter().load().begin(begunNanos);
  }

  /** Counts a request in at the container at {@code position}; {@link #leave} counts it out. */
  static Visit begin(InstanceRoute instance, int position) {
    return new Visit(instance, position);
  }

  /** Counts a request in at a container of one that {@code routed} goes to. */
  static Visit begin(Routed routed) {
    InstanceRoute instance = routed.instance();
    int last = instance.containers().size() - 1;
    int position = 0;
    while (position < last
        && !instance.containers().get(position).name().equals(routed.container())) {
      position++;
    }
    return new Visit(instance, position);
  }

  private ContainerMeter meter() {
    return instance.meter(position);
  }

  /** Goes on at the same container of another instance. */
  void moveTo(InstanceRoute other) {
    long now = System.nanoTime();
    meter().load().end(now);
    instance = other;
    meter().load().begin(now);
  }

  /** The whole request was sent: from here on, the time is the container's. */
  void sent() {
    sentNanos = System.nanoTime();
  }

  /**
   * Records the container's answer, status 0 for none, and returns how long it took, in
   * nanoseconds. An answer that came before the request was complete took no time.
   */
  long answered(int status) {
    long nanos = sentNanos == 0 ? 0 : System.nanoTime() - sentNanos;
    meter().answered(status, nanos);
    return nanos;
  }

  /** Records the answer of the only container of an invocation. */
  void answeredAlone(int status) {
    long model = answered(status);
    instance.invoked(model, System.nanoTime() - begunNanos - model);
  }

  /** Counts the request out; does nothing the second time. On any thread, one at a time. */
  void leave() {
    if (!isOver) {
      isOver = true;
      meter().load().end(System.nanoTime());
    }
  }
}
