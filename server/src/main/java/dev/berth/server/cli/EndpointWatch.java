package dev.berth.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import software.amazon.awssdk.services.sagemaker.model.DescribeEndpointResponse;

/**
 * Follows an endpoint until it has settled or is gone, showing what its instances do.
 *
 * <p>DescribeEndpoint decides; what the instances do comes from Berth's own {@code GET
 * /_berth/endpoints/NAME}, and a server without it is followed by the status alone.
 */
final class EndpointWatch {
  private static final Set<String> SETTLED =
      Set.of("InService", "OutOfService", "Failed", "UpdateRollbackFailed");
  private static final Duration FIRST_PAUSE = Duration.ofMillis(40);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(250);

  private final AwsClients aws;
  private final ProgressView view;

  EndpointWatch(AwsClients aws, ProgressView view) {
    this.aws = aws;
    this.view = view;
  }

  /**
   * Returns the endpoint once its status is one that lasts.
   *
   * @throws CommandFailure if it is gone
   */
  DescribeEndpointResponse untilSettled(String name) throws InterruptedException {
    return follow(name, SETTLED)
        .orElseThrow(
            () -> new CommandFailure("endpoint '%s' was deleted meanwhile".formatted(name)));
  }

  /**
   * Waits until there is no such endpoint any more.
   *
   * @throws CommandFailure if deleting it failed
   */
  void untilGone(String name) throws InterruptedException {
    var left = follow(name, Set.of("Failed"));
    if (left.isPresent()) {
      throw new CommandFailure(
          "endpoint '%s' was not deleted: %s".formatted(name, left.get().failureReason()));
    }
  }

  private Optional<DescribeEndpointResponse> follow(String name, Set<String> last)
      throws InterruptedException {
    try {
      for (var pause = FIRST_PAUSE; ; pause = longer(pause)) {
        var endpoint = aws.findEndpoint(name);
        if (endpoint.isEmpty() || last.contains(endpoint.get().endpointStatusAsString())) {
          return endpoint;
        }
        view.show(lines(name, endpoint.get().endpointStatusAsString(), aws.endpointView(name)));
        Thread.sleep(pause);
      }
    } finally {
      view.clear();
    }
  }

  private static Duration longer(Duration pause) {
    var next = pause.multipliedBy(5).dividedBy(4);
    return next.compareTo(LONGEST_PAUSE) < 0 ? next : LONGEST_PAUSE;
  }

  /** Returns a line for each instance on its way, or one for the endpoint if none is told of. */
  static List<ProgressLine> lines(String name, String status, Optional<JsonNode> detail) {
    var lines = new ArrayList<ProgressLine>();
    for (var instance : detail.map(told -> told.path("instances")).orElseGet(Json::array)) {
      var step = instance.path("step").asText("");
      lines.add(
          new ProgressLine(
              instance.path("variant").asText(name) + "/" + instance.path("instance").asText("?"),
              step.isBlank() ? instance.path("state").asText(status) : step,
              instance.path("doneBytes").asLong(0),
              instance.path("totalBytes").asLong(0)));
    }
    return lines.isEmpty() ? List.of(new ProgressLine(name, status, 0, 0)) : lines;
  }
}
