package dev.berth.gateway;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Memory that bodies take while they are collected, all connections together: without a bound, many
 * slow senders of large bodies could fill it. Many threads at a time.
 */
final class CollectedBytes {
  private final long maxBytes;
  private final AtomicLong taken = new AtomicLong();

  CollectedBytes(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** Takes {@code bytes}, or nothing and returns false where they aren't to be had. */
  boolean take(int bytes) {
    if (taken.addAndGet(bytes) <= maxBytes) {
      return true;
    }
    taken.addAndGet(-bytes);
    return false;
  }

  void give(long bytes) {
    taken.addAndGet(-bytes);
  }
}
