package dev.berth.hosting.runtime;

/**
 * A model that answers {@code /invocations} inside this JVM, with the status codes and formats of
 * the container it stands for. Many threads at a time.
 */
public interface InProcessModel {

  /**
   * Returns whether a body of this size is answered within some tens of microseconds, so that an
   * event loop may do it itself; otherwise the gateway hands it to a worker thread.
   */
  boolean isQuick(int bodyBytes);

  /**
   * Returns the answer. A payload the model can't take is an answer with a 4xx status whose body
   * says row, column and reason, never an exception.
   */
  ModelResponse invoke(ModelRequest request);
}
