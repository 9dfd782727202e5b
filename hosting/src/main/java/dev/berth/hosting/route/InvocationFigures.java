package dev.berth.hosting.route;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.HdrHistogram.Histogram;

/**
 * How a variant's invocations went, since each of its instances came in service.
 *
 * @param containers in the order a request passes through them; empty when no instance is in
 *     service
 * @param modelLatency time that the containers took, all together
 * @param overheadLatency the rest of the time from a request's head to its answer's last byte
 */
public record InvocationFigures(
    String variant,
    List<ContainerFigures> containers,
    Latency modelLatency,
    Latency overheadLatency) {
  public InvocationFigures {
    containers = List.copyOf(containers);
  }

  /**
   * One container, on all instances.
   *
   * @param inFlight requests it has now
   * @param invocation4xxErrors answers with a 4xx
   * @param invocation5xxErrors answers with anything else but a 2xx, and answers that never came
   * @param shed requests that it was not given, as it had too much to do
   * @param containerLatency from a request's last byte to its answer's
   */
  public record ContainerFigures(
      String container,
      int inFlight,
      long invocations,
      long invocation4xxErrors,
      long invocation5xxErrors,
      long shed,
      Latency containerLatency) {}

  /** Times in microseconds; all 0 when there are none. */
  public record Latency(
      long count, long meanMicros, long p50Micros, long p90Micros, long p99Micros, long maxMicros) {
    static Latency of(Histogram histogram) {
      return new Latency(
          histogram.getTotalCount(),
          Math.round(histogram.getTotalCount() == 0 ? 0 : histogram.getMean()),
          histogram.getValueAtPercentile(50),
          histogram.getValueAtPercentile(90),
          histogram.getValueAtPercentile(99),
          histogram.getMaxValue());
    }
  }

  /** Returns the figures of the instances of {@code variant} that are in service. */
  public static InvocationFigures of(VariantRoute variant) {
    List<InstanceRoute> instances = variant.instances();
    Histogram model = LatencyHistogram.sum();
    Histogram overhead = LatencyHistogram.sum();
    for (InstanceRoute instance : instances) {
      instance.modelLatency().addTo(model);
      instance.overheadLatency().addTo(overhead);
    }
    var containers = new ArrayList<ContainerFigures>();
    int count = instances.isEmpty() ? 0 : instances.getFirst().containers().size();
    for (int i = 0; i < count; i++) {
      containers.add(container(instances, i));
    }
    return new InvocationFigures(
        variant.name(), containers, Latency.of(model), Latency.of(overhead));
  }

  private static ContainerFigures container(List<InstanceRoute> instances, int position) {
    Histogram latency = LatencyHistogram.sum();
    for (InstanceRoute instance : instances) {
      instance.meter(position).latency().addTo(latency);
    }
    return new ContainerFigures(
        instances.getFirst().containers().get(position).name(),
        (int) sum(instances, position, meter -> meter.load().inFlight()),
        latency.getTotalCount(),
        sum(instances, position, ContainerMeter::clientErrors),
        sum(instances, position, ContainerMeter::serverErrors),
        sum(instances, position, ContainerMeter::shedRequests),
        Latency.of(latency));
  }

  private static long sum(
      List<InstanceRoute> instances, int position, ToLongFunction<ContainerMeter> figure) {
    return instances.stream()
        .mapToLong(instance -> figure.applyAsLong(instance.meter(position)))
        .sum();
  }
}
