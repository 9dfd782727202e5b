package dev.berth.runtime.docker;

import java.util.HashMap;
import java.util.List;
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

  /** By id: models that are loaded, or being so. */
  private final Map<String, Model> models = new HashMap<>();

  private final Executor background;
  private final AtomicBoolean isMeasuring = new AtomicBoolean();

  /** Measurements that have begun, and which of them was noted last. */
  private long begun;

  private long last;

  private long lastBytes = UNKNOWN;
  private long emptyBytes = UNKNOWN;
  private long highestBytes;
  private long besideBytes = UNKNOWN;

  /** A model, which a measurement that begins after its load tells something about. */
  private static final class Model {
    private final long fileBytes;
    private boolean isLoaded;
    private boolean isMeasured;

    Model(long fileBytes) {
      this.fileBytes = fileBytes;
    }
  }

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
          && used() + fileBytes + beside() > limitBytes) {
        return false;
      }
      models.putIfAbsent(id, new Model(fileBytes));
      return true;
    }
  }

  /** Notes that a model, taken before, is loaded. */
  void loaded(String id) {
    synchronized (this) {
      Model model = models.get(id);
      if (model != null) {
        model.isLoaded = true;
      }
    }
    measureLater();
  }

  /** Whether the memory is half empty for sure, by what was measured last. */
  private synchronized boolean isRoomy(long fileBytes) {
    if (limitBytes == 0) {
      return true;
    }
    long more = EXPANSION * fileBytes + Math.max(beside(), ASSUMED_BYTES);
    for (Model model : models.values()) {
      if (!model.isMeasured) {
        more += EXPANSION * model.fileBytes + Math.max(beside(), ASSUMED_BYTES);
      }
    }
    return lastBytes != UNKNOWN && lastBytes + more < limitBytes / 2;
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
    List<Model> there;
    boolean isEmpty;
    long turn;
    synchronized (this) {
      turn = ++begun;
      there = models.values().stream().filter(model -> model.isLoaded).toList();
      isEmpty = models.isEmpty();
    }
    long measured = measurement.getAsLong();
    synchronized (this) {
      if (turn < last) {
        return; // a later one was faster
      }
      last = turn;
      lastBytes = measured;
      if (measured != UNKNOWN) {
        there.forEach(model -> model.isMeasured = true);
        learn(measured, isEmpty);
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

  private void learn(long measured, boolean wasEmpty) {
    if (models.isEmpty()) {
      if (wasEmpty) {
        emptyBytes = emptyBytes == UNKNOWN ? measured : Math.min(emptyBytes, measured);
      }
      highestBytes = Math.max(highestBytes, measured);
    } else if (measured > highestBytes
        && models.values().stream().allMatch(model -> model.isMeasured)) {
      // Only growth tells: what is in use after an eviction may be of models that are gone.
      highestBytes = measured;
      long beside = measured - Math.max(0, emptyBytes) - fileBytes();
      besideBytes = Math.max(0, beside / models.size());
    }
  }

  /** What is in use, as far as is known: of a model on its way it is what should be. */
  private long used() {
    long used = lastBytes;
    for (Model model : models.values()) {
      if (!model.isMeasured) {
        used += model.fileBytes + beside();
      }
    }
    // Models may have been there before this process was.
    return emptyBytes == UNKNOWN || besideBytes == UNKNOWN
        ? used
        : Math.min(used, emptyBytes + fileBytes() + besideBytes * models.size());
  }

  private long beside() {
    return Math.max(0, besideBytes);
  }

  private long fileBytes() {
    return models.values().stream().mapToLong(model -> model.fileBytes).sum();
  }
}
