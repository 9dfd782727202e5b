package dev.berth.hosting.route;

import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Times, to 1 % of each, since the instance came in service. Recording takes no lock and, but for
 * the first time and for times longer than any before, no memory. Many threads at a time.
 */
public final class LatencyHistogram {
  private static final int DIGITS = 2;
  private static final long LONGEST_MICROS = 3_600_000_000L;

  private volatile @Nullable ConcurrentHistogram micros;

  void record(long nanos) {
    histogram().recordValue(Math.clamp(nanos / 1000, 0, LONGEST_MICROS));
  }

  private ConcurrentHistogram histogram() {
    ConcurrentHistogram present = micros;
    return present == null ? first() : present;
  }

  /** Most instances of a large installation are never invoked, so it is made when it is needed. */
  private synchronized ConcurrentHistogram first() {
    ConcurrentHistogram present = micros;
    if (present == null) {
      present = new ConcurrentHistogram(DIGITS);
      micros = present;
    }
    return present;
  }

  /** Adds what was recorded here to {@code sum}. */
  void addTo(Histogram sum) {
    ConcurrentHistogram present = micros;
    if (present != null) {
      sum.add(present);
    }
  }

  /** Returns an empty histogram for {@link #addTo}. */
  static Histogram sum() {
    return new Histogram(LONGEST_MICROS, DIGITS);
  }
}
