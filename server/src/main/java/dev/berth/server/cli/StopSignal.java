package dev.berth.server.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Cleans up on SIGINT and SIGTERM. The process then ends with 0 if it was {@linkplain #await
 * waiting} for just that, else with 130, as a shell reports what was broken off. Closing it, which
 * cleans up too, leaves signals to the JVM again.
 */
final class StopSignal implements AutoCloseable {
  private static final int BROKEN_OFF = 130;

  private final Runnable cleanUp;
  private final AtomicBoolean isCleanedUp = new AtomicBoolean();
  private final AtomicBoolean isAwaited = new AtomicBoolean();
  private final CountDownLatch never = new CountDownLatch(1);
  private final Thread hook;

  /**
   * @param cleanUp run once, by whichever comes first of a signal and {@link #close}
   */
  StopSignal(Runnable cleanUp) {
    this.cleanUp = cleanUp;
    this.hook = Thread.ofPlatform().name("berth-stop").unstarted(this::stop);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Waits until a signal ends the process. */
  void await() throws InterruptedException {
    isAwaited.set(true);
    never.await();
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      return; // the process is ending: the hook cleans up
    }
    cleanUpOnce();
  }

  /** Runs as the process ends; without the halt it would end with 128 + the signal's number. */
  private void stop() {
    int exitCode = isAwaited.get() ? 0 : BROKEN_OFF;
    try {
      cleanUpOnce();
    } catch (RuntimeException failure) {
      System.err.println("berth: could not stop cleanly: " + Failures.describe(failure));
      exitCode = 1;
    }
    System.out.flush();
    Runtime.getRuntime().halt(exitCode);
  }

  private void cleanUpOnce() {
    if (isCleanedUp.compareAndSet(false, true)) {
      cleanUp.run();
    }
  }
}
