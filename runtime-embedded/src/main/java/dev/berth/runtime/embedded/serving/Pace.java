package dev.berth.runtime.embedded.serving;

/**
 * How long a model takes for each byte of a request, learnt from its answers. Any number of
 * threads; a lost update does no harm.
 *
 * <p>It starts slow, so a model's first invocations go to worker threads; a slow answer counts at
 * once, fast ones by and by.
 */
public final class Pace {
  private static final long QUICK_NANOS = 50_000;
  private static final int QUICK_BODY_BYTES = 16 * 1024;
  private static final double WEIGHT = 1.0 / 16;

  private volatile double nanosPerByte = 1_000;

  /** Makes one that knows nothing yet. */
  public Pace() {}

  /** Notes that a body of {@code bytes} was answered in {@code nanos}. */
  public void note(int bytes, long nanos) {
    double measured = (double) nanos / Math.max(bytes, 1);
    double known = nanosPerByte;
    nanosPerByte = known + (measured - known) * (measured > 2 * known ? 4 * WEIGHT : WEIGHT);
  }

  /** Returns whether a body of {@code bytes} is expected to be answered within 50 µs. */
  public boolean isQuick(int bytes) {
    return bytes <= QUICK_BODY_BYTES && bytes * nanosPerByte <= QUICK_NANOS;
  }
}
