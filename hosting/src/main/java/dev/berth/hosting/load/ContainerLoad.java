package dev.berth.hosting.load;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * How busy a container, or one model in it, is, and when it would answer one more request. Many
 * threads at a time, without a lock: a figure may be off by the few requests that come and go at
 * that moment.
 *
 * <p>A container that is given more than it can do works at a steady pace however many wait, so
 * what waits divided by the pace is the time until the next one is answered. Whether it is at its
 * limit can't be seen from outside, so a pace counts only for as many requests as it was measured
 * with, twice at most: a burst on a container that could take it is let in and measured.
 */
public final class ContainerLoad {
  private static final long MIN_WINDOW_NANOS = 1_000_000_000L;
  private static final int MIN_COMPLETIONS = 8;

  /**
   * What a container did in a while.
   *
   * @param perNano requests that it ended with, in a nanosecond
   * @param inFlight how many it had at a time, on average
   */
  private record Pace(double perNano, double inFlight) {}

  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicLong windowBeginNanos = new AtomicLong();
  private final AtomicLong completions = new AtomicLong();
  private final AtomicLong sumInFlight = new AtomicLong();
  private volatile @Nullable Pace pace;

  /** Requests that it has now. */
  public int inFlight() {
    return inFlight.get();
  }

  /**
   * Counts a request in; each is followed by one {@link #end}.
   *
   * @param nowNanos any clock that never goes back, the same for all calls
   */
  public void begin(long nowNanos) {
    if (inFlight.getAndIncrement() == 0) {
      pace = null; // from here on it has done nothing, and who knows what it can do by now
      restart(nowNanos);
    }
  }

  /** Counts a request out, however it ended. */
  public void end(long nowNanos) {
    sumInFlight.addAndGet(inFlight.getAndDecrement());
    long ended = completions.incrementAndGet();
    long begin = windowBeginNanos.get();
    if (ended >= MIN_COMPLETIONS
        && nowNanos - begin >= MIN_WINDOW_NANOS
        && windowBeginNanos.compareAndSet(begin, nowNanos)) {
      pace = new Pace((double) ended / (nowNanos - begin), (double) sumInFlight.get() / ended);
      completions.set(0);
      sumInFlight.set(0);
    }
  }

  private void restart(long nowNanos) {
    windowBeginNanos.set(nowNanos);
    completions.set(0);
    sumInFlight.set(0);
  }

  /** Nanoseconds until it would have answered one more request; 0 when that isn't known. */
  public long expectedNanos() {
    Pace measured = pace;
    int waiting = inFlight.get();
    if (measured == null || waiting > 2 * measured.inFlight()) {
      return 0;
    }
    return (long) ((waiting + 1) / measured.perNano());
  }
}
