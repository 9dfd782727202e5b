package dev.berth.runtime.embedded;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Memory of this process for the models of all multi-model instances together. Many threads at a
 * time.
 */
final class ModelMemory {
  private final long totalBytes;
  private final AtomicLong usedBytes = new AtomicLong();

  ModelMemory(long totalBytes) {
    this.totalBytes = totalBytes;
  }

  /** Three fifths of the heap: the rest is for requests, and for models on their way in. */
  static long defaultBytes() {
    return Runtime.getRuntime().maxMemory() / 5 * 3;
  }

  long totalBytes() {
    return totalBytes;
  }

  /** Takes {@code bytes}, or nothing and returns false where they aren't free. */
  boolean take(long bytes) {
    if (usedBytes.addAndGet(bytes) <= totalBytes) {
      return true;
    }
    usedBytes.addAndGet(-bytes);
    return false;
  }

  /** Takes {@code bytes} more than was known before, or gives some back where it is negative. */
  void adjust(long bytes) {
    usedBytes.addAndGet(bytes);
  }

  long freeBytes() {
    return totalBytes - usedBytes.get();
  }
}
