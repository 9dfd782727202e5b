package dev.berth.runtime.embedded.tree;

/**
 * What is wrong inside a model file, told without the file's name; the loader that knows the name
 * turns it into a {@link ModelLoadException}.
 */
public final class MalformedModelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Makes one for {@code message}. */
  public MalformedModelException(String message) {
    super(message);
  }

  /** Makes one for {@code message}, caused by {@code cause}. */
  public MalformedModelException(String message, Throwable cause) {
    super(message, cause);
  }
}
