package dev.berth.hosting.instance;

/** Why an instance can't be started, as it becomes a FailureReason. */
public final class PreparationException extends Exception {
  private static final long serialVersionUID = 1L;

  PreparationException(String reason) {
    super(reason);
  }

  /** Cause, evidence and what to do, for people. */
  public String reason() {
    return String.valueOf(getMessage());
  }
}
