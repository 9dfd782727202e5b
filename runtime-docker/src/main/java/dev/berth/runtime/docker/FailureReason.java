package dev.berth.runtime.docker;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Why an instance failed, as it becomes the endpoint's {@code FailureReason}: AWS's sentence, the
 * cause, the evidence, what to do. At most 1,024 characters, which is the API's limit.
 */
final class FailureReason {
  static final int MAX_LENGTH = 1024;
  private static final int MAX_LOG_LENGTH = 400;

  private FailureReason() {}

  /**
   * Returns the reason.
   *
   * @param failures of the containers that can't go on, one at least; all are named
   */
  static String of(Assignment assignment, List<ContainerFailure> failures) {
    List<String> names =
        failures.stream().flatMap(failure -> failure.containers().stream()).toList();
    String subject = names.size() == 1 ? "The %s container" : "The containers %s";
    String happened =
        failures.stream().allMatch(ContainerFailure::hasRun)
            ? "did not pass the ping health check. Please check CloudWatch logs for this endpoint."
            : "could not be started.";
    // AWS reports the containers of a pipeline as a ClientError (Developer Guide, "Troubleshoot
    // Inference Pipelines").
    String kind = assignment.hasSeveralContainers() ? "ClientError: " : "";
    String reason =
        "%s%s for production variant %s %s %s"
            .formatted(
                kind,
                subject.formatted(String.join(", ", names)),
                assignment.id().variant(),
                happened,
                details(failures));
    return reason.length() <= MAX_LENGTH ? reason : reason.substring(0, MAX_LENGTH - 1) + "…";
  }

  private static String details(List<ContainerFailure> failures) {
    int logLength = MAX_LOG_LENGTH / failures.size();
    return failures.stream()
        .map(failure ->
            (failures.size() == 1
                    ? "Cause: "
                    : "Cause for " + String.join(", ", failure.containers()) + ": ")
                + "%s.%s Advice: %s."
                    .formatted(failure.cause(), log(failure, logLength), failure.advice()))
        .collect(Collectors.joining(" "));
  }

  private static String log(ContainerFailure failure, int length) {
    if (!failure.hasRun()) {
      return "";
    }
    return failure.lastLines().isEmpty()
        ? " It has logged nothing."
        : " Its log ends: %s."
            .formatted(Words.tail(String.join(" | ", failure.lastLines()), length));
  }
}
