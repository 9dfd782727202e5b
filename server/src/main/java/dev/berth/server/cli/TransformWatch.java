package dev.berth.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.sagemaker.model.DescribeTransformJobResponse;

/**
 * Follows a transform job until it has ended, showing objects, records, bytes and the time left.
 *
 * <p>DescribeTransformJob decides; how far the job is comes from Berth's own {@code GET
 * /_berth/transform-jobs/NAME}, and a server without it is followed by the status alone.
 */
final class TransformWatch {
  private static final Set<String> LASTING = Set.of("Completed", "Failed", "Stopped");
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofMillis(200);

  private final AwsClients aws;
  private final ProgressView view;

  TransformWatch(AwsClients aws, ProgressView view) {
    this.aws = aws;
    this.view = view;
  }

  /** Returns the job once it has ended. */
  DescribeTransformJobResponse untilEnded(String name) throws InterruptedException {
    Instant reading = null;
    try {
      while (true) {
        var job = described(name);
        var status = job.transformJobStatusAsString();
        if (LASTING.contains(status)) {
          return job;
        }
        var told = told(name);
        var now = Instant.now();
        if (reading == null && told.isPresent() && told.get().path("readBytes").asLong() > 0) {
          reading = now;
        }
        view.show(
            lines(
                name,
                status,
                told,
                reading == null ? Duration.ZERO : Duration.between(reading, now)));
        Thread.sleep(PAUSE);
      }
    } finally {
      view.clear();
    }
  }

  /**
   * Asks again for a while where nothing answers: a busy or restarted server goes on with the job.
   */
  private DescribeTransformJobResponse described(String name) throws InterruptedException {
    var until = Instant.now().plus(PATIENCE);
    while (true) {
      try {
        return aws.sagemaker().describeTransformJob(request -> request.transformJobName(name));
      } catch (SdkClientException e) {
        if (Instant.now().isAfter(until)) {
          throw e;
        }
        Thread.sleep(PAUSE);
      }
    }
  }

  private Optional<JsonNode> told(String name) {
    try {
      return aws.transformView(name);
    } catch (UncheckedIOException _) {
      return Optional.empty(); // the next look tells more
    }
  }

  /**
   * Returns a line for the job, one for its input once its size is known, and one for each instance
   * that is on its way.
   *
   * @param reading since the first byte was read
   */
  static List<ProgressLine> lines(
      String name, String status, Optional<JsonNode> told, Duration reading) {
    if (told.isEmpty()) {
      return List.of(new ProgressLine(name, status, 0, 0));
    }
    var job = told.get();
    long read = job.path("readBytes").asLong();
    long total = job.path("totalBytes").asLong();
    var lines = new ArrayList<ProgressLine>();
    lines.add(new ProgressLine(name, step(job), 0, 0));
    if (read > 0) {
      lines.add(new ProgressLine("input", left(reading, read, total), read, total));
    }
    for (var instance : job.path("instances")) {
      var step = instance.path("step").asText();
      if (!step.equals("in service")) {
        lines.add(
            new ProgressLine(
                name + "/" + instance.path("instance").asText(),
                step,
                instance.path("doneBytes").asLong(),
                instance.path("totalBytes").asLong()));
      }
    }
    return lines;
  }

  private static String step(JsonNode job) {
    var words =
        "%d of %d objects, %d records"
            .formatted(
                job.path("done").asInt(),
                job.path("objects").asInt(),
                job.path("records").asLong());
    int failed = job.path("failed").asInt();
    return failed > 0 ? words + ", %d failed".formatted(failed) : words;
  }

  private static String left(Duration reading, long read, long total) {
    return read < total
        ? "about %d s left".formatted(reading.toSeconds() * (total - read) / read)
        : "read";
  }
}
