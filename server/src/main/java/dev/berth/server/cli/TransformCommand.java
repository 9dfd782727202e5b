package dev.berth.server.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import software.amazon.awssdk.services.sagemaker.model.CreateTransformJobRequest;
import software.amazon.awssdk.services.sagemaker.model.DescribeTransformJobResponse;

/** {@code berth transform}: objects in S3 through a model, to objects in S3. */
@Command(
    name = "transform",
    mixinStandardHelpOptions = true,
    description = {
      "Sends every object under an S3 prefix through a model and writes the answers to S3.",
      "Each object becomes one with the same name and '.out'. Waits for the end; Ctrl-C leaves the"
          + " job running."
    })
final class TransformCommand extends ClientCommand {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMddHHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

  @Parameters(index = "0", paramLabel = "MODEL", description = "The model's name.")
  private String model = "";

  @Parameters(
      index = "1",
      paramLabel = "INPUT",
      description = "S3 URI that the objects' names begin with, or of a manifest.")
  private String input = "";

  @Parameters(index = "2", paramLabel = "OUTPUT", description = "S3 URI to write under.")
  private String output = "";

  @Option(names = "--name", paramLabel = NAME, description = "The job's name; default: made up.")
  private @Nullable String name;

  @Option(names = "--manifest", description = "INPUT is a manifest of objects.")
  private boolean isManifest;

  @Option(names = "--content-type", description = "What the objects are, such as text/csv.")
  private @Nullable String contentType;

  @Option(names = "--accept", description = "What the model shall answer.")
  private @Nullable String accept;

  @Option(
      names = "--split",
      paramLabel = "TYPE",
      description = "How objects are split: None, Line, RecordIO, TFRecord; default: None.")
  private @Nullable String split;

  @Option(
      names = "--assemble",
      paramLabel = "TYPE",
      description = "How answers are put together: None or Line; default: None.")
  private @Nullable String assemble;

  @Option(names = "--gzip", description = "Objects are gunzipped first.")
  private boolean isGzip;

  @Option(
      names = "--strategy",
      paramLabel = "NAME",
      description = "MultiRecord or SingleRecord; default: what the container says.")
  private @Nullable String strategy;

  @Option(
      names = "--max-payload",
      paramLabel = "MIB",
      description = "Largest request; 0 for no limit; default: what the container says, or 6.")
  private @Nullable Integer maxPayload;

  @Option(
      names = "--max-concurrent",
      paramLabel = "N",
      description = "Requests at a time to one instance; default: what the container says.")
  private @Nullable Integer maxConcurrent;

  @Option(names = "--input-filter", paramLabel = "JSONPATH", description = "What is sent.")
  private @Nullable String inputFilter;

  @Option(names = "--output-filter", paramLabel = "JSONPATH", description = "What is kept.")
  private @Nullable String outputFilter;

  @Option(names = "--join", description = "Answers are joined with their records.")
  private boolean isJoined;

  @Option(
      names = "--env",
      paramLabel = "KEY=VALUE",
      description = "An environment variable of the containers; may be repeated.")
  private Map<String, String> variables = new LinkedHashMap<>();

  @Option(
      names = "--instance-count",
      paramLabel = "N",
      description = "How many instances; default: ${DEFAULT-VALUE}.")
  private int instanceCount = 1;

  @Option(
      names = "--instance-type",
      paramLabel = "TYPE",
      description = "The instance type; default: ${DEFAULT-VALUE}.")
  private String instanceType = "ml.m5.large";

  @Option(names = "--no-wait", description = "Don't wait for the end.")
  private boolean isDetached;

  TransformCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  void run(AwsClients aws) throws InterruptedException {
    var began = Instant.now();
    var job = name == null ? "transform-" + TIME.format(began) : name;
    aws.sagemaker().createTransformJob(request(job));
    if (isDetached) {
      var made = aws.sagemaker().describeTransformJob(request -> request.transformJobName(job));
      terminal().say(isJson() ? Json.write(Json.of(made)) : job);
      return;
    }
    report(aws, new TransformWatch(aws, progress()).untilEnded(job), began);
  }

  private CreateTransformJobRequest request(String job) {
    var request =
        CreateTransformJobRequest.builder()
            .transformJobName(job)
            .modelName(model)
            .transformInput(in ->
                in.contentType(contentType)
                    .splitType(split)
                    .compressionType(isGzip ? "Gzip" : "None")
                    .dataSource(data ->
                        data.s3DataSource(s3 ->
                            s3.s3DataType(isManifest ? "ManifestFile" : "S3Prefix").s3Uri(input))))
            .transformOutput(out -> out.s3OutputPath(output).accept(accept).assembleWith(assemble))
            .transformResources(
                resources -> resources.instanceType(instanceType).instanceCount(instanceCount))
            .batchStrategy(strategy)
            .maxPayloadInMB(maxPayload)
            .maxConcurrentTransforms(maxConcurrent)
            .environment(variables);
    if (inputFilter != null || outputFilter != null || isJoined) {
      request.dataProcessing(processing ->
          processing
              .inputFilter(inputFilter)
              .outputFilter(outputFilter)
              .joinSource(isJoined ? "Input" : "None"));
    }
    return request.build();
  }

  private void report(AwsClients aws, DescribeTransformJobResponse job, Instant began) {
    var told = aws.transformView(job.transformJobName());
    if (isJson()) {
      var json = Json.of(job);
      told.ifPresent(progress -> json.set("Progress", progress));
      terminal().say(Json.write(json));
    }
    var status = job.transformJobStatusAsString();
    if (!status.equals("Completed")) {
      if (!isJson()) {
        told.ifPresent(progress ->
            terminal()
                .say("transform job %s%s".formatted(job.transformJobName(), summary(progress))));
      }
      throw new CommandFailure(
          "transform job '%s' is %s%s"
              .formatted(
                  job.transformJobName(),
                  status,
                  job.failureReason() == null ? "" : ": " + job.failureReason()));
    }
    if (!isJson()) {
      terminal()
          .sayDone(
              "transform job %s is %s after %.1f s%s"
                  .formatted(
                      terminal().strong(job.transformJobName()),
                      terminal().good(status),
                      Duration.between(began, Instant.now()).toMillis() / 1e3,
                      told.map(TransformCommand::summary).orElse("")));
      terminal().say("  outputs:  " + output);
    }
  }

  private static String summary(com.fasterxml.jackson.databind.JsonNode told) {
    int failed = told.path("failed").asInt();
    return ": %d objects%s, %d records, %s in, %s out"
        .formatted(
            told.path("done").asInt(),
            failed > 0 ? " done and %d failed".formatted(failed) : "",
            told.path("records").asLong(),
            ProgressLine.bytes(told.path("readBytes").asLong()),
            ProgressLine.bytes(told.path("outputBytes").asLong()));
  }
}
