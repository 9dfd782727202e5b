package dev.berth.hosting.runtime;

/**
 * Who knows the users and passwords of private registries: a function for each, named by its ARN
 * ({@code RepositoryCredentialsProviderArn}). Many threads at a time.
 */
@FunctionalInterface
public interface RegistryCredentials {

  /**
   * Asks a function; blocks until it answers or its time is over. What it answers is for one pull,
   * as it may be short-lived, and is kept and logged by nobody.
   *
   * @throws UnavailableException when it gives none
   * @throws InterruptedException when this thread is interrupted
   */
  Login login(String functionArn) throws UnavailableException, InterruptedException;

  /** Returns who knows none. */
  static RegistryCredentials none() {
    return _ -> {
      throw new UnavailableException("no credentials functions are configured");
    };
  }

  /** A registry's user and password; the text of this record is without them. */
  record Login(String username, String password) {
    @Override
    public String toString() {
      return "Login[]";
    }
  }

  /** Why there are no credentials, in words that follow the function's name; never with secrets. */
  final class UnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    public UnavailableException(String message) {
      super(message);
    }

    /** The reason, without a full stop. */
    public String reason() {
      return String.valueOf(getMessage());
    }
  }
}
