package dev.berth.runtime.embedded.serving;

import dev.berth.hosting.runtime.ModelResponse;

/**
 * Why an invocation gets no prediction. Never leaves a model's {@code invoke}, which answers {@link
 * #response()}; carries no stack trace, as a client may cause any number of them.
 */
public final class PayloadException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  /**
   * Makes one.
   *
   * @param status the answer's HTTP status, 400 to 599
   * @param message what is wrong, where, and what to do; becomes the answer's body
   */
  public PayloadException(int status, String message) {
    super(message, null, false, false);
    this.status = status;
  }

  /** Returns the answer. */
  public ModelResponse response() {
    return ModelResponse.text(status, String.valueOf(getMessage()));
  }
}
