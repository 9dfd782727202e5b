package dev.berth.runtime.docker;

import java.util.List;

/**
 * Why an instance failed, as it becomes the endpoint's {@code FailureReason}: AWS's sentence, the
 * cause, the evidence, what to do. At most 1,024 characters, which is the API's limit.
 */
final class FailureReason {
  static final int MAX_LENGTH = 1024;
  private static final int MAX_LOG_LENGTH = 400;

  private FailureReason() {}

  /**
   * Returns the reason of a container that did not become, or stay, healthy.
   *
   * @param cause a sentence without its end
   * @param lastLines what it wrote last
   * @param advice a sentence without its end
   */
  static String unhealthy(
      Assignment assignment, String cause, List<String> lastLines, String advice) {
    String log =
        lastLines.isEmpty()
            ? "It has logged nothing"
            : "Its log ends: " + Words.tail(String.join(" | ", lastLines), MAX_LOG_LENGTH);
    return bounded(
        "The %s container for production variant %s did not pass the ping health check. Please check CloudWatch logs for this endpoint. Cause: %s. %s. Advice: %s."
            .formatted(assignment.container(), assignment.id().variant(), cause, log, advice));
  }

  /** Returns the reason of a container that could not be started at all. */
  static String notStarted(Assignment assignment, String cause, String advice) {
    return bounded(
        "The %s container for production variant %s could not be started. Cause: %s. Advice: %s."
            .formatted(assignment.container(), assignment.id().variant(), cause, advice));
  }

  private static String bounded(String reason) {
    return reason.length() <= MAX_LENGTH ? reason : reason.substring(0, MAX_LENGTH - 1) + "…";
  }
}
