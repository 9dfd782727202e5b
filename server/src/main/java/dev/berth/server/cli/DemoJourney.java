package dev.berth.server.cli;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.sagemaker.model.ProductionVariant;
import software.amazon.awssdk.services.sagemakerruntime.model.InvokeEndpointResponse;

/**
 * The demo's calls, in order: upload, CreateModel, CreateEndpointConfig, CreateEndpoint,
 * InvokeEndpoint. What it makes it pushes on an {@link Undo}, which its caller runs.
 */
final class DemoJourney {
  private static final String IMAGE =
      "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1";
  private static final String ROLE = "arn:aws:iam::000000000000:role/berth";
  private static final int SHOWN_ROWS = 8;
  private static final int WARM_UP_CALLS = 300;
  private static final int TIMED_CALLS = 1_000;

  /** Python and Berth both compute in 32-bit floats: more than this is another model. */
  private static final double MOST_DIFFERENCE = 1e-5;

  private final AwsClients aws;
  private final Terminal terminal;
  private final String name;
  private final String bucket;
  private final Undo made;

  /**
   * @param name of the model, the configuration and the endpoint
   */
  DemoJourney(AwsClients aws, Terminal terminal, String name, Undo made) {
    this.aws = aws;
    this.terminal = terminal;
    this.name = name;
    this.bucket = "berth-demo-" + name.toLowerCase(Locale.ROOT);
    this.made = made;
  }

  /**
   * Plays the journey.
   *
   * @throws CommandFailure if the endpoint doesn't come in service, or predicts otherwise than
   *     Python
   */
  void play() throws IOException, InterruptedException {
    var rows = DemoRow.all();
    terminal.say("");
    createModel(upload());
    createEndpoint();
    var predictions = predict(rows);
    compare(rows, predictions);
    time(rows);
  }

  private String upload() throws IOException {
    byte[] archive;
    try (var file = DemoRow.resource("model.tar.gz")) {
      archive = file.readAllBytes();
    }
    var key = "model.tar.gz";
    timed("s3.createBucket", bucket, () -> aws.s3().createBucket(call -> call.bucket(bucket)));
    made.push(() -> aws.s3().deleteBucket(call -> call.bucket(bucket)));
    var uri = "s3://%s/%s".formatted(bucket, key);
    timed(
        "s3.putObject",
        "%s, %s".formatted(uri, ProgressLine.bytes(archive.length)),
        () ->
            aws.s3()
                .putObject(call -> call.bucket(bucket).key(key), RequestBody.fromBytes(archive)));
    made.push(() -> aws.s3().deleteObject(call -> call.bucket(bucket).key(key)));
    return uri;
  }

  private void createModel(String uri) {
    timed(
        "sagemaker.createModel",
        "%s of image sagemaker-xgboost:1.7-1".formatted(name),
        () ->
            aws.sagemaker()
                .createModel(call ->
                    call.modelName(name)
                        .executionRoleArn(ROLE)
                        .primaryContainer(container -> container.image(IMAGE).modelDataUrl(uri))));
    made.push(() -> aws.sagemaker().deleteModel(call -> call.modelName(name)));
  }

  private void createEndpoint() throws InterruptedException {
    var variant =
        ProductionVariant.builder()
            .variantName("AllTraffic")
            .modelName(name)
            .initialInstanceCount(1)
            .instanceType("ml.m5.large")
            .build();
    timed(
        "sagemaker.createEndpointConfig",
        name,
        () ->
            aws.sagemaker()
                .createEndpointConfig(
                    call -> call.endpointConfigName(name).productionVariants(variant)));
    made.push(() -> aws.sagemaker().deleteEndpointConfig(call -> call.endpointConfigName(name)));

    long began = System.nanoTime();
    timed(
        "sagemaker.createEndpoint",
        name,
        () ->
            aws.sagemaker()
                .createEndpoint(call -> call.endpointName(name).endpointConfigName(name)));
    made.push(() -> {
      aws.sagemaker().deleteEndpoint(call -> call.endpointName(name));
      new EndpointWatch(aws, ProgressView.silent()).untilGone(name);
    });
    var endpoint = new EndpointWatch(aws, ProgressView.on(terminal)).untilSettled(name);
    var status = endpoint.endpointStatusAsString();
    if (!status.equals("InService")) {
      throw new CommandFailure(
          "the endpoint is %s: %s".formatted(status, endpoint.failureReason()));
    }
    tell("sagemaker.describeEndpoint", terminal.status(status), System.nanoTime() - began);
  }

  private double[] predict(List<DemoRow> rows) {
    var table = rows.stream().map(DemoRow::features).collect(Collectors.joining("\n"));
    var answer =
        timed(
            "sagemakerruntime.invokeEndpoint",
            "%d rows of text/csv".formatted(rows.size()),
            () -> invoke(table));
    var predictions = parse(answer.body().asUtf8String());
    if (predictions.length != rows.size()) {
      throw new CommandFailure(
          "asked about %d rows and got %d predictions".formatted(rows.size(), predictions.length));
    }
    return predictions;
  }

  private static double[] parse(String csv) {
    try {
      return csv.strip().lines().mapToDouble(Double::parseDouble).toArray();
    } catch (NumberFormatException notNumbers) {
      throw new CommandFailure("the answer is not a number a line: " + csv, notNumbers);
    }
  }

  private InvokeEndpointResponse invoke(String csv) {
    return aws.runtime()
        .invokeEndpoint(call ->
            call.endpointName(name)
                .contentType("text/csv")
                .accept("text/csv")
                .body(SdkBytes.fromUtf8String(csv)));
  }

  private void compare(List<DemoRow> rows, double[] predictions) {
    int right = 0;
    double furthest = 0;
    var table = new Table("ROW", "PREDICTED", "MEANS", "TRUTH", "");
    for (int i = 0; i < predictions.length; i++) {
      var row = rows.get(i);
      boolean isRight = predictions[i] > 0.5 == row.isMalignant();
      right += isRight ? 1 : 0;
      furthest = Math.max(furthest, Math.abs(predictions[i] - row.pythonPrediction()));
      if (i < SHOWN_ROWS) {
        table.add(
            String.valueOf(i + 1),
            "%.6f".formatted(predictions[i]),
            diagnosis(predictions[i] > 0.5),
            diagnosis(row.isMalignant()),
            isRight ? "" : "wrong");
      }
    }
    terminal.say("");
    table.writeTo(terminal);
    terminal.say(terminal.faint("… and %d more".formatted(rows.size() - SHOWN_ROWS)));
    terminal.say("");
    terminal.sayDone(
        "right on %s of %d rows the model has not seen (%.1f %%)"
            .formatted(terminal.strong("" + right), rows.size(), 100.0 * right / rows.size()));
    if (!(furthest <= MOST_DIFFERENCE)) {
      throw new CommandFailure(
          "a prediction differs from Python's XGBoost by %.2g".formatted(furthest));
    }
    terminal.sayDone("the same as Python's XGBoost to %.1g".formatted(furthest));
  }

  private static String diagnosis(boolean isMalignant) {
    return isMalignant ? "malignant" : "benign";
  }

  private void time(List<DemoRow> rows) {
    var nanos = new long[TIMED_CALLS];
    for (int i = -WARM_UP_CALLS; i < TIMED_CALLS; i++) {
      var row = rows.get(Math.floorMod(i, rows.size())).features();
      long began = System.nanoTime();
      invoke(row);
      if (i >= 0) {
        nanos[i] = System.nanoTime() - began;
      }
    }
    Arrays.sort(nanos);
    terminal.sayDone(
        "one row a call, %,d calls one after another through the AWS SDK: half within %s, 99 %% within %s"
            .formatted(
                TIMED_CALLS,
                terminal.strong(millis(nanos[TIMED_CALLS / 2])),
                millis(nanos[TIMED_CALLS * 99 / 100])));
  }

  private <T> T timed(String call, String detail, Supplier<T> step) {
    long began = System.nanoTime();
    var answer = step.get();
    tell(call, detail, System.nanoTime() - began);
    return answer;
  }

  private void tell(String call, String detail, long nanos) {
    terminal.sayDone(
        "%s  %s  %s"
            .formatted(DemoCommand.call(call), detail, terminal.faint("(" + millis(nanos) + ")")));
  }

  private static String millis(long nanos) {
    double millis = nanos / 1e6;
    return String.format(Locale.ROOT, millis < 10 ? "%.2f ms" : "%.0f ms", millis);
  }
}
