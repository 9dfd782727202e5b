package dev.berth.edge.backend;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A time limit that is moved far more often than it passes. Moving it later or clearing it costs
 * one clock read: the timer that is already set finds out when it fires. One event loop only.
 */
public final class Deadline {
  private final EventExecutor executor;
  private final Runnable passed;
  private @Nullable ScheduledFuture<?> timer;
  private long timerAtNanos;
  private long dueAtNanos;
  private boolean isSet;

  /**
   * @param passed run on {@code executor} when the limit passes, once per {@link #set}
   */
  public Deadline(EventExecutor executor, Runnable passed) {
    this.executor = executor;
    this.passed = passed;
  }

  /** Lets the deadline pass after {@code limit} from now, whatever it was before. */
  public void set(Duration limit) {
    setNanos(limit.toNanos());
  }

  private void setNanos(long nanos) {
    dueAtNanos = executor.ticker().nanoTime() + nanos;
    isSet = true;
    if (timer == null || timerAtNanos - dueAtNanos > 0) {
      stopTimer();
      startTimer(nanos);
    }
  }

  /** Lets it never pass, until it is set again. */
  public void clear() {
    isSet = false;
  }

  /** Clears it and frees the timer. */
  public void close() {
    isSet = false;
    stopTimer();
  }

  private void startTimer(long nanos) {
    timerAtNanos = dueAtNanos;
    timer = executor.schedule(this::fire, nanos, TimeUnit.NANOSECONDS);
  }

  private void stopTimer() {
    ScheduledFuture<?> old = timer;
    if (old != null) {
      old.cancel(false);
      timer = null;
    }
  }

  private void fire() {
    timer = null;
    if (!isSet) {
      return;
    }
    long left = dueAtNanos - executor.ticker().nanoTime();
    if (left > 0) {
      startTimer(left);
      return;
    }
    isSet = false;
    passed.run();
  }
}
