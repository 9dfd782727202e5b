package dev.berth.gateway;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads for models in this JVM that take longer than an event loop may, and a bounded queue
 * before them. Many threads at a time.
 */
final class ModelWorkers implements AutoCloseable {
  /** Of the average, the newest run has one part in so many. */
  private static final int NEWEST = 8;

  private final ThreadPoolExecutor threads;
  private volatile long meanNanos;

  ModelWorkers(int workers, int maxQueued) {
    threads =
        new ThreadPoolExecutor(
            workers,
            workers,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(maxQueued),
            Thread.ofPlatform().name("berth-model-", 0).daemon().factory());
  }

  /**
   * Runs {@code work} on a worker, after what waits already.
   *
   * @throws RejectedExecutionException if the queue is full, or this is closed
   */
  void execute(Runnable work) {
    threads.execute(work);
  }

  /** Takes back what no worker has begun; returns whether there was such {@code work}. */
  boolean remove(Runnable work) {
    return threads.remove(work);
  }

  /** Tells how long a run took. */
  void ran(long nanos) {
    long mean = meanNanos;
    // An update that is lost between threads does no harm.
    meanNanos = mean == 0 ? nanos : mean + (nanos - mean) / NEWEST;
  }

  /** Nanoseconds until a worker would begin with what is given to it now, by recent runs. */
  long expectedWaitNanos() {
    return threads.getQueue().size() * meanNanos / threads.getCorePoolSize();
  }

  /** Ends the threads; what still waits is run. */
  @Override
  public void close() {
    threads.shutdown();
  }
}
