package dev.berth.runtime.embedded.serving;

import dev.berth.hosting.runtime.InProcessModel;

/**
 * A loaded model that answers invocations until it is closed. Invoked after that it answers 503,
 * never from freed memory.
 */
public interface ServedModel extends InProcessModel, AutoCloseable {

  /** Returns an estimate of the memory it holds, in bytes, on the heap and off it. */
  long memoryBytes();

  /** Waits for the invocations that run, then frees the model. Closing again does nothing. */
  @Override
  void close();
}
