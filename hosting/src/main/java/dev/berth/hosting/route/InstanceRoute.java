package dev.berth.hosting.route;

import dev.berth.hosting.multimodel.ModelCache;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec.ExecutionMode;
import dev.berth.hosting.runtime.Target;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One instance in service. The same object stays in every snapshot for as long as the instance
 * lives, so its count of open invocations tells when it has drained.
 */
public final class InstanceRoute {
  private final InstanceId id;
  private final ExecutionMode mode;
  private final List<Container> containers;
  private final List<ContainerMeter> meters;
  private final LatencyHistogram modelLatency = new LatencyHistogram();
  private final LatencyHistogram overheadLatency = new LatencyHistogram();
  private final @Nullable ModelCache models;
  private final int hash;
  private final AtomicInteger inFlight = new AtomicInteger();

  public InstanceRoute(InstanceId id, ExecutionMode mode, List<Container> containers) {
    this.id = id;
    this.hash = id.instance().hashCode();
    this.mode = mode;
    this.containers = List.copyOf(containers);
    this.models =
        containers.stream()
            .map(Container::models)
            .filter(Objects::nonNull)
            .findFirst()
            .orElse(null);
    this.meters = containers.stream().map(_ -> new ContainerMeter()).toList();
  }

  /**
   * One container's place to send to.
   *
   * @param name label in error messages, such as {@code primary}
   * @param models what it serves when it is a multi-model one
   */
  public record Container(String name, Target target, @Nullable ModelCache models) {

    /** One with one model. */
    public Container(String name, Target target) {
      this(name, target, null);
    }
  }

  public InstanceId id() {
    return id;
  }

  /** A number by which this instance differs from most others, the same in every process. */
  public int hash() {
    return hash;
  }

  /** Returns the models of the one container that has many, or null when none has. */
  public @Nullable ModelCache models() {
    return models;
  }

  public ExecutionMode mode() {
    return mode;
  }

  /** In the order a request passes through them. */
  public List<Container> containers() {
    return containers;
  }

  /** What the container at this position, from 0, was asked and how it answered. */
  public ContainerMeter meter(int position) {
    return meters.get(position);
  }

  /**
   * Records an invocation that its containers have answered.
   *
   * @param modelNanos time that they took together (metric {@code ModelLatency})
   * @param overheadNanos the rest of the invocation's time (metric {@code OverheadLatency})
   */
  public void invoked(long modelNanos, long overheadNanos) {
    modelLatency.record(modelNanos);
    overheadLatency.record(overheadNanos);
  }

  LatencyHistogram modelLatency() {
    return modelLatency;
  }

  LatencyHistogram overheadLatency() {
    return overheadLatency;
  }

  /** Counts an invocation in; each is followed by exactly one {@link #end()}. */
  public void begin() {
    inFlight.incrementAndGet();
  }

  /** Counts an invocation out, however it ended. */
  public void end() {
    inFlight.decrementAndGet();
  }

  /** Invocations between {@link #begin()} and {@link #end()} now. */
  public int inFlight() {
    return inFlight.get();
  }
}
