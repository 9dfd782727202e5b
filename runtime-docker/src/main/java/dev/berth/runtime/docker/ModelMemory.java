package dev.berth.runtime.docker;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
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

  /** Measurements asked for since the one that runs in the background was begun, and that one. */
  private final AtomicInteger wanted = new AtomicInteger();

  /** Counts models' ways in and out; of the last measurement, where none was on its way. */
  private long changes;

  private long measuredChanges = UNKNOWN;

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

    /** What the container's memory grew by when this one was loaded and nothing else happened. */
    private long growthBytes = UNKNOWN;

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
      if (limitBytes > 0
          && lastBytes != UNKNOWN
          && !models.isEmpty()
          && !models.containsKey(id)
          && used() + fileBytes + beside() > limitBytes) {
        return false;
      }
      if (models.putIfAbsent(id, new Model(fileBytes)) == null) {
        changes++;
      }
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

  /** One that is asked for while another runs comes after it. */
  private void measureLater() {
    if (wanted.getAndIncrement() == 0) {
      background.execute(() -> {
        int seen;
        try {
          do {
            seen = wanted.get();
            measure();
          } while (!wanted.compareAndSet(seen, 0));
        } catch (RuntimeException e) {
          wanted.set(0);
          throw e;
        }
      });
    }
  }

  private void measure() {
    List<Model> there;
    boolean isEmpty;
    boolean isStill;
    long turn;
    long since;
    synchronized (this) {
      turn = ++begun;
      since = changes;
      there = models.values().stream().filter(model -> model.isLoaded).toList();
      isEmpty = models.isEmpty();
      isStill = there.size() == models.size();
    }
    long measured = measurement.getAsLong();
    synchronized (this) {
      if (turn < last) {
        return; // a later one was faster
      }
      last = turn;
      noteGrowth(there, measured, isStill && measured != UNKNOWN && changes == since);
      lastBytes = measured;
      if (measured != UNKNOWN) {
        there.forEach(model -> model.isMeasured = true);
        learn(measured, isEmpty);
      }
    }
  }

  /** Knows what one model takes where nothing but its load lies between two measurements. */
  private void noteGrowth(List<Model> there, long measured, boolean isStill) {
    if (isStill && measuredChanges != UNKNOWN && changes == measuredChanges + 1) {
      List<Model> added = there.stream().filter(model -> !model.isMeasured).toList();
      if (added.size() == 1 && measured > lastBytes) {
        added.getFirst().growthBytes = measured - lastBytes;
      }
    }
    measuredChanges = isStill ? changes : UNKNOWN;
  }

  /** Returns what a model was measured to take when it was loaded, in bytes. */
  synchronized OptionalLong growth(String id) {
    Model model = models.get(id);
    return model == null || model.growthBytes == UNKNOWN
        ? OptionalLong.empty()
        : OptionalLong.of(model.growthBytes);
  }

  /** Notes that a model is no longer there. */
  synchronized void give(String id) {
    if (models.remove(id) != null) {
      changes++;
    }
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
