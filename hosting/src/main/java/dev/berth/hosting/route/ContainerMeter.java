package dev.berth.hosting.route;

import dev.berth.hosting.load.ContainerLoad;
import java.util.concurrent.atomic.LongAdder;

/** What one container of an instance was asked and how it answered. Many threads at a time. */
public final class ContainerMeter {
  private final ContainerLoad load = new ContainerLoad();
  private final LatencyHistogram latency = new LatencyHistogram();
  private final LongAdder clientErrors = new LongAdder();
  private final LongAdder serverErrors = new LongAdder();
  private final LongAdder shed = new LongAdder();

  /** How busy it is. */
  public ContainerLoad load() {
    return load;
  }

  /**
   * Records an answer.
   *
   * @param status HTTP status, 0 when none came
   * @param nanos from the request's last byte to the answer's (metric {@code ContainerLatency})
   */
  public void answered(int status, long nanos) {
    latency.record(nanos);
    if (status >= 400 && status < 500) {
      clientErrors.increment();
    } else if (status < 200 || status > 299) {
      serverErrors.increment();
    }
  }

  /** Records a request that it was not given, as it has too much to do. */
  public void shed() {
    shed.increment();
  }

  LatencyHistogram latency() {
    return latency;
  }

  long clientErrors() {
    return clientErrors.sum();
  }

  long serverErrors() {
    return serverErrors.sum();
  }

  long shedRequests() {
    return shed.sum();
  }
}
