package dev.berth.runtime.docker;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/**
 * Whether one more model fits into the memory that a multi-model container may use, by what the
 * engine measures there. A model is expected to take what its files take, and what those before it
 * were seen to take beside. A process may keep what its models have left: so what is in use counts
 * as no more than all loaded models should take. Many threads at a time; asks the engine only when
 * a model is loaded.
 */
final class ModelMemory {
  /** What can't be measured. */
  static final long UNKNOWN = -1;

  /** Files of models may be packed; those that take more than so many times as much are rare. */
  private static final int EXPANSION = 4;

  /** A model's process takes about so much beside. */
  private static final long ASSUMED_BYTES = 64L << 20;

  private final long limitBytes;
  private final LongSupplier measurement;

  /** Bytes of files, by id: of models that are loaded, or being so. */
  private final Map<String, Long> models = new HashMap<>();

  private final Executor background;
  private final AtomicBoolean isMeasuring = new AtomicBoolean();

  private long lastBytes = UNKNOWN;

  /** Bytes of files of what was loaded since, and how many models that were. */
  private long sinceBytes;

  private int since;

  private long emptyBytes = UNKNOWN;
  private long highestBytes;
  private long besideBytes;

  /**
   * Makes one.
   *
   * @param limitBytes 0 for no limit
   * @param measurement what is in use now, {@link #UNKNOWN} when the engine doesn't tell; may block
   * @param background runs measurements that nobody waits for
   */
  ModelMemory(long limitBytes, LongSupplier measurement, Executor background) {
    this.limitBytes = limitBytes;
    this.measurement = measurement;
    this.background = background;
    measureLater();
  }

  /**
   * Notes that a model is about to be loaded, unless it would be too much beside the others. One
   * alone is never too much: its container decides.
   */
  boolean take(String id, long fileBytes) {
    if (!isRoomy(fileBytes)) {
      measure();
    }
    synchronized (this) {
      if (lastBytes != UNKNOWN
          && !models.isEmpty()
          && !models.containsKey(id)
          && used() + fileBytes + besideBytes > limitBytes) {
        return false;
      }
      if (models.putIfAbsent(id, fileBytes) == null) {
        sinceBytes += fileBytes;
        since++;
      }
    }
    measureLater();
    return true;
  }

  /** Whether the memory is half empty for sure, by what was measured last. */
  private synchronized boolean isRoomy(long fileBytes) {
    long more =
        EXPANSION * (sinceBytes + fileBytes) + (since + 1) * Math.max(besideBytes, ASSUMED_BYTES);
    return limitBytes == 0 || (lastBytes != UNKNOWN && lastBytes + more < limitBytes / 2);
  }

  private void measureLater() {
    if (limitBytes > 0 && isMeasuring.compareAndSet(false, true)) {
      background.execute(() -> {
        try {
          measure();
        } finally {
          isMeasuring.set(false);
        }
      });
    }
  }

  private void measure() {
    long measured = measurement.getAsLong();
    synchronized (this) {
      lastBytes = measured;
      if (measured != UNKNOWN) {
        sinceBytes = 0;
        since = 0;
        learn(measured);
      }
    }
  }

  /** Notes that a model is no longer there. */
  synchronized void give(String id) {
    models.remove(id);
  }

  /** What it is about, for people. */
  String words(long fileBytes) {
    return "a model of %,d bytes does not fit beside the %d that are loaded: the container may use %,d bytes"
        .formatted(fileBytes, count(), limitBytes);
  }

  private synchronized int count() {
    return models.size();
  }

  private void learn(long measured) {
    if (models.isEmpty()) {
      emptyBytes = emptyBytes == UNKNOWN ? measured : Math.min(emptyBytes, measured);
      highestBytes = Math.max(highestBytes, measured);
    } else if (measured > highestBytes) {
      // Only growth tells: what is in use after an eviction may be of models that are gone.
      highestBytes = measured;
      long beside = measured - Math.max(0, emptyBytes) - fileBytes();
      besideBytes = Math.max(0, beside / models.size());
    }
  }

  private long used() {
    if (emptyBytes == UNKNOWN) {
      return lastBytes + sinceBytes; // models were there before this process was
    }
    return Math.min(lastBytes + sinceBytes, emptyBytes + fileBytes() + besideBytes * models.size());
  }

  private long fileBytes() {
    return models.values().stream().mapToLong(Long::longValue).sum();
  }
}
