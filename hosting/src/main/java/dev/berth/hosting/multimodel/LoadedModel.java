package dev.berth.hosting.multimodel;

import dev.berth.hosting.artifact.StagedArtifact;
import dev.berth.hosting.load.ContainerLoad;
import dev.berth.hosting.runtime.ModelHost;
import dev.berth.hosting.runtime.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One model of a multi-model container, and whoever uses it. Who was given it by {@link
 * ModelCache#find} or by a {@link ModelCache.Waiter} has a hold on it, and it stays in memory until
 * that is {@linkplain #release() given back}.
 */
public final class LoadedModel {
  /** Added to {@link #holds}: nobody may take one, as it is on its way, in or out, or in doubt. */
  private static final int UNAVAILABLE = Integer.MIN_VALUE / 2;

  /** In {@link #holds}: it is no more, and its disk was let go of. */
  private static final int GONE = Integer.MIN_VALUE;

  private final ModelCache cache;
  private final String name;

  private final ContainerLoad load = new ContainerLoad();

  /** How many use it now; negative when no others may. */
  private final AtomicInteger holds = new AtomicInteger(UNAVAILABLE);

  private volatile long lastUsedNanos;
  private volatile boolean isDetached;
  private volatile @Nullable Content content;

  /** Guarded by the cache's lock: who waits for it. */
  private List<ModelCache.Waiter> waiters = new ArrayList<>();

  /** Guarded by the cache's lock: who asked whether it is still there. */
  private List<Consumer<Boolean>> doubts = new ArrayList<>();

  /** Guarded by the cache's lock: where it stands in the order of use. */
  long queuedNanos;

  /** What is loaded, and the disk it stands on. */
  record Content(StagedArtifact artifact, ModelHost.Loaded loaded) {
    String id() {
      return artifact.id();
    }
  }

  LoadedModel(ModelCache cache, String name) {
    this.cache = cache;
    this.name = name;
  }

  /** TargetModel. */
  public String name() {
    return name;
  }

  /** What the container knows it by. */
  public String id() {
    return content().id();
  }

  /** Where it takes invocations. */
  public Target target() {
    return content().loaded().target();
  }

  public long memoryBytes() {
    return content().loaded().memoryBytes();
  }

  /** How busy it is, where it is reached by HTTP: each model of a container has its own pace. */
  public ContainerLoad load() {
    return load;
  }

  /** How many use it now. */
  public int inFlight() {
    int count = holds.get();
    return Math.max(0, count < 0 ? count - UNAVAILABLE : count);
  }

  /** Gives a hold back; exactly once for each. */
  public void release() {
    int left = holds.decrementAndGet();
    if (left == 0) {
      cache.idle(this);
    } else if (left == UNAVAILABLE && isDetached) {
      closeOnce();
    }
  }

  /** Takes a hold; returns false, and takes none, when it isn't in memory. */
  boolean hold() {
    int before = holds.get();
    while (before >= 0) {
      if (holds.compareAndSet(before, before + 1)) {
        lastUsedNanos = System.nanoTime();
        return true;
      }
      before = holds.get();
    }
    return false;
  }

  /** Comes into memory, held {@code count} times. */
  void arrived(Content newContent, int count) {
    content = newContent;
    lastUsedNanos = System.nanoTime();
    queuedNanos = lastUsedNanos;
    holds.set(count);
  }

  /** Begins to leave memory; returns false when somebody uses it. */
  boolean leave() {
    return holds.compareAndSet(0, UNAVAILABLE);
  }

  /**
   * Keeps it from everybody until it is {@linkplain #trust trusted} again. Under the cache's lock.
   *
   * @param told when that is decided
   * @return whether it is the first doubt, and somebody should look
   */
  boolean doubt(Consumer<Boolean> told) {
    doubts.add(told);
    return close();
  }

  /** Returns who asked whether it is there. Under the cache's lock. */
  List<Consumer<Boolean>> takeDoubts() {
    List<Consumer<Boolean>> taken = doubts;
    doubts = new ArrayList<>();
    return taken;
  }

  /** Ends a doubt; returns whether nobody uses it. */
  boolean trust(int newHolds) {
    lastUsedNanos = System.nanoTime();
    return holds.addAndGet(newHolds - UNAVAILABLE) == 0;
  }

  /** Takes it from all but those who hold it; its disk is let go of with the last hold. */
  void detach() {
    close();
    isDetached = true;
    closeOnce();
  }

  /** Lets nobody else take a hold; returns whether that is new. */
  private boolean close() {
    int before = holds.get();
    while (before >= 0) {
      if (holds.compareAndSet(before, before + UNAVAILABLE)) {
        return true;
      }
      before = holds.get();
    }
    return false;
  }

  /** Whoever comes last, the last hold or the one who detaches it, closes it. */
  private void closeOnce() {
    if (holds.compareAndSet(UNAVAILABLE, GONE)) {
      content().artifact().close();
    }
  }

  boolean isAvailable() {
    return holds.get() >= 0;
  }

  long lastUsedNanos() {
    return lastUsedNanos;
  }

  Content content() {
    Content present = content;
    if (present == null) {
      throw new IllegalStateException("model '%s' is not in memory".formatted(name));
    }
    return present;
  }

  void await(ModelCache.Waiter waiter) {
    waiters.add(waiter);
  }

  /** Returns those who wait, who from then on don't. */
  List<ModelCache.Waiter> takeWaiters() {
    List<ModelCache.Waiter> taken = waiters;
    waiters = new ArrayList<>();
    return taken;
  }
}
