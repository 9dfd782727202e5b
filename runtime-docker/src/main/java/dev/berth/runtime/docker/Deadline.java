package dev.berth.runtime.docker;

import java.time.Duration;

/** A point in time that no clock change moves. */
final class Deadline {
  private final long end;

  Deadline(Duration window) {
    this.end = System.nanoTime() + window.toNanos();
  }

  /** Returns what is left until it, never negative. */
  Duration left() {
    return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
  }

  boolean isOver() {
    return left().isZero();
  }
}
