package dev.berth.runtime.embedded.tree;

/**
 * A model that cannot be loaded. The message is for the model's owner: it names the file, says what
 * is wrong with it and what to do.
 */
public final class ModelLoadException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Makes one for {@code message}. */
  public ModelLoadException(String message) {
    super(message);
  }

  /** Makes one for {@code message}, caused by {@code cause}. */
  public ModelLoadException(String message, Throwable cause) {
    super(message, cause);
  }
}
