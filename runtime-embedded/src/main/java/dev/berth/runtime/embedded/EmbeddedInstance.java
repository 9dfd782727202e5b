package dev.berth.runtime.embedded;

import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.ObservedInstance;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * One instance and the steps it may take: Starting → InService or Failed, and from each of them →
 * Stopping. A step that comes too late, as when a model is loaded after the stop, is not taken.
 */
final class EmbeddedInstance {
  private final InstanceSpec spec;
  private volatile ObservedInstance observed;

  /** Guarded by this. */
  private final List<Held> held = new ArrayList<>();

  EmbeddedInstance(InstanceSpec spec, InstanceState.Starting state, Instant now) {
    this.spec = spec;
    this.observed = new ObservedInstance(spec.id(), state, now);
  }

  InstanceSpec spec() {
    return spec;
  }

  ObservedInstance observed() {
    return observed;
  }

  /** Takes the step from Starting; returns whether it was taken. */
  synchronized boolean leaveStarting(InstanceState next, Instant now) {
    return observed.state() instanceof InstanceState.Starting && enter(next, now);
  }

  /** Takes the step to Stopping; returns whether it was taken just now. */
  synchronized boolean stop(Instant now) {
    return !(observed.state() instanceof InstanceState.Stopping)
        && enter(new InstanceState.Stopping(), now);
  }

  private boolean enter(InstanceState next, Instant now) {
    observed = new ObservedInstance(spec.id(), next, now);
    return true;
  }

  /** Returns what {@code take} gives, to be released in the end; empty if it is ending already. */
  synchronized <T extends Held> Optional<T> hold(Supplier<T> take) {
    if (!(observed.state() instanceof InstanceState.Starting)) {
      return Optional.empty();
    }
    T taken = take.get();
    held.add(taken);
    return Optional.of(taken);
  }

  /** Releases what it holds; returns when that is freed. */
  void release() {
    held().forEach(Held::release);
  }

  private synchronized List<Held> held() {
    return List.copyOf(held);
  }
}
