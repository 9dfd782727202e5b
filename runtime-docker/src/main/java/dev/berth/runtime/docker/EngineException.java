package dev.berth.runtime.docker;

/** Why the engine did not do what it was asked to. */
sealed class EngineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private EngineException(String message, Throwable cause) {
    super(message, cause);
  }

  String text() {
    return String.valueOf(getMessage());
  }

  /** Nobody answered, or not in time: the same may work later. */
  static final class Unavailable extends EngineException {
    private static final long serialVersionUID = 1L;

    Unavailable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The engine answered with an error; {@code status} is its HTTP status. */
  static final class Refused extends EngineException {
    private static final long serialVersionUID = 1L;
    private final int status;

    Refused(int status, String message, Throwable cause) {
      super(message, cause);
      this.status = status;
    }

    int status() {
      return status;
    }

    /** What it was asked about isn't there. */
    boolean isMissing() {
      return status == 404;
    }

    boolean isConflict() {
      return status == 409;
    }

    /** A network was to have addresses of the engine's choice, and it has none left. */
    boolean hasNoAddressesLeft() {
      return text().contains("non-overlapping IPv4 address pool") // Docker
          || text().contains("fully subnetted"); // Docker since 28
    }

    /** The addresses that a network was to have are another's. */
    boolean areAddressesTaken() {
      return text().contains("Pool overlaps with other one"); // Docker
    }
  }
}
