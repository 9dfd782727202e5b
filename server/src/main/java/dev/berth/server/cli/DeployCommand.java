package dev.berth.server.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import software.amazon.awssdk.services.sagemaker.model.ContainerDefinition;
import software.amazon.awssdk.services.sagemaker.model.DescribeEndpointResponse;
import software.amazon.awssdk.services.sagemaker.model.ProductionVariant;

/** {@code berth deploy}: from a model's files to an endpoint that answers. */
@Command(
    name = "deploy",
    mixinStandardHelpOptions = true,
    description = {
      "Uploads a model, makes an endpoint of it and waits until it is in service.",
      "With --package, makes the endpoint of a model package instead.",
      "Deploying to a name that is there already updates that endpoint; it serves the older model"
          + " until the newer is healthy, and goes on with it if that never comes."
    })
final class DeployCommand extends ClientCommand {
  /** Ends the names of the models and configurations that this command makes. */
  private static final DateTimeFormatter GENERATION =
      DateTimeFormatter.ofPattern("yyyyMMddHHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private static final int MOST_NAME_CHARACTERS = 63;
  private static final String USUAL_INSTANCE_TYPE = "ml.m5.large";
  private static final String USUAL_ROLE = "arn:aws:iam::000000000000:role/berth";

  @Parameters(
      arity = "0..1",
      paramLabel = "ARTIFACT",
      description = "A folder, a file, a .tar.gz or an s3:// URI of the model.")
  private @Nullable String artifact;

  @Option(
      names = "--package",
      paramLabel = PackageNames.LABEL,
      description =
          "The model package, in place of ARTIFACT; without VERSION a group's newest approved one.")
  private @Nullable String modelPackage;

  @Option(
      names = "--name",
      required = true,
      paramLabel = NAME,
      description = "The endpoint's name.")
  private String name = "";

  @Option(
      names = "--format",
      description = "What the model is: ${COMPLETION-CANDIDATES}; default: by its files' names.")
  private @Nullable ModelFormat format;

  @Option(
      names = "--image",
      paramLabel = "URI",
      description = "The container image, in place of --format.")
  private @Nullable String image;

  @Option(
      names = "--instance-count",
      paramLabel = "N",
      description = "How many instances serve the model; default: ${DEFAULT-VALUE}.")
  private int instanceCount = 1;

  @Option(
      names = "--instance-type",
      paramLabel = "TYPE",
      description =
          "The instance type to record; default: ml.m5.large, or the first that the package supports.")
  private @Nullable String instanceType;

  @Option(
      names = "--env",
      paramLabel = "KEY=VALUE",
      description = "An environment variable of the container; may be repeated.")
  private Map<String, String> variables = new LinkedHashMap<>();

  @Option(
      names = "--bucket",
      paramLabel = "BUCKET",
      description = "Where to upload to, made if it isn't there; default: ${DEFAULT-VALUE}.")
  private String bucket = "berth-models";

  @Option(
      names = "--role-arn",
      paramLabel = "ARN",
      description = "The model's execution role; default: ${DEFAULT-VALUE}.")
  private String roleArn = USUAL_ROLE;

  DeployCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  void run(AwsClients aws) throws IOException, InterruptedException {
    var began = Instant.now();
    var generation = generationName(name, began);
    if (artifact != null && modelPackage == null) {
      deploy(aws, began, generation, ofArtifact(aws, artifact, generation));
    } else if (artifact == null && modelPackage != null) {
      deploy(aws, began, generation, ofPackage(aws, modelPackage));
    } else {
      throw CommandFailure.ofUsage("give either ARTIFACT or --package");
    }
  }

  /** What a model is made of, said in a few words, and the instances it shall run on. */
  private record Source(ContainerDefinition container, String words, String instanceType) {}

  private Source ofArtifact(AwsClients aws, String files, String generation) throws IOException {
    var model = ModelArtifact.of(files);
    var chosenImage = chosenImage(model, files);
    var uri = bringToStore(aws, model, generation);
    return new Source(
        container().image(chosenImage).modelDataUrl(uri).build(),
        "of image " + chosenImage,
        instanceType == null ? USUAL_INSTANCE_TYPE : instanceType);
  }

  private Source ofPackage(AwsClients aws, String named) {
    if (image != null || format != null) {
      throw CommandFailure.ofUsage("--package brings its image: leave out --image and --format");
    }
    var found = PackageNames.deployable(aws, named);
    var specification = found.inferenceSpecification();
    var supported =
        specification == null
            ? List.<String>of()
            : specification.supportedRealtimeInferenceInstanceTypesAsStrings();
    return new Source(
        container().modelPackageName(found.modelPackageArn()).build(),
        "of " + found.modelPackageArn(),
        instanceType(supported));
  }

  private String instanceType(List<String> supported) {
    if (instanceType != null) {
      return instanceType;
    }
    return supported.isEmpty() || supported.contains(USUAL_INSTANCE_TYPE)
        ? USUAL_INSTANCE_TYPE
        : supported.getFirst();
  }

  private ContainerDefinition.Builder container() {
    var container = ContainerDefinition.builder();
    return variables.isEmpty() ? container : container.environment(variables);
  }

  private void deploy(AwsClients aws, Instant began, String generation, Source source)
      throws InterruptedException {
    var made = new Undo();
    DescribeEndpointResponse endpoint;
    try {
      createModel(aws, generation, source, made);
      createConfig(aws, generation, source, made);
      endpoint = createOrUpdate(aws, generation, made);
    } catch (RuntimeException failure) {
      unmake(made, failure);
      throw failure;
    }
    report(endpoint, Duration.between(began, Instant.now()));
  }

  private String chosenImage(ModelArtifact model, String files) throws IOException {
    if (image != null && format != null) {
      throw CommandFailure.ofUsage("--image and --format exclude one another");
    }
    if (image != null) {
      return image;
    }
    if (format != null) {
      return format.image();
    }
    return ModelFormat.guess(model.names())
        .orElseThrow(() ->
            CommandFailure.ofUsage(
                "the files' names don't tell what '%s' is; add --format xgboost, onnx or lightgbm, or --image URI"
                    .formatted(files)))
        .image();
  }

  /**
   * Returns {@code name} with the time of this deploy, cut so that SageMaker takes it as a name.
   */
  static String generationName(String name, Instant now) {
    return generationStart(name) + GENERATION.format(now);
  }

  /** Says whether a deploy to {@code name} has made the model or config called {@code made}. */
  static boolean isGenerationOf(String name, String made) {
    var start = generationStart(name);
    return made.startsWith(start) && made.substring(start.length()).matches("[0-9]{14}");
  }

  /** Returns what all that is deployed to {@code name} begins with. */
  static String generationStart(String name) {
    int most = MOST_NAME_CHARACTERS - 1 - "yyyyMMddHHmmss".length();
    return (name.length() <= most ? name : name.substring(0, most).replaceAll("-+$", "")) + "-";
  }

  private String bringToStore(AwsClients aws, ModelArtifact model, String generation)
      throws IOException {
    return switch (model) {
      case ModelArtifact.Stored(var uri) -> uri;
      case ModelArtifact.Archive(var file) -> upload(aws, file, generation);
      case ModelArtifact.Loose files -> {
        var packed = Files.createTempFile("berth-deploy-", ".tar.gz");
        try {
          files.packTo(packed);
          yield upload(aws, packed, generation);
        } finally {
          Files.deleteIfExists(packed);
        }
      }
    };
  }

  private String upload(AwsClients aws, Path file, String generation) throws IOException {
    var upload = new ModelUpload(aws.s3(), progress());
    upload.ensureBucket(bucket);
    var uri = upload.upload(file, bucket, "%s/%s/model.tar.gz".formatted(name, generation));
    done("%s (%s)".formatted(uri, ProgressLine.bytes(Files.size(file))));
    return uri;
  }

  private void createModel(AwsClients aws, String model, Source source, Undo made) {
    aws.sagemaker()
        .createModel(request ->
            request
                .modelName(model)
                .executionRoleArn(roleArn)
                .primaryContainer(source.container()));
    made.push(() -> aws.sagemaker().deleteModel(request -> request.modelName(model)));
    done("model %s %s".formatted(model, source.words()));
  }

  private void createConfig(AwsClients aws, String config, Source source, Undo made) {
    aws.sagemaker()
        .createEndpointConfig(request ->
            request.endpointConfigName(config).productionVariants(variant(config, source)));
    made.push(
        () -> aws.sagemaker().deleteEndpointConfig(request -> request.endpointConfigName(config)));
    done("endpoint config " + config);
  }

  private ProductionVariant variant(String model, Source source) {
    return ProductionVariant.builder()
        .variantName("AllTraffic")
        .modelName(model)
        .initialInstanceCount(instanceCount)
        .instanceType(source.instanceType())
        .initialVariantWeight(1.0f)
        .build();
  }

  /** Returns the endpoint once it serves {@code config}. */
  private DescribeEndpointResponse createOrUpdate(AwsClients aws, String config, Undo made)
      throws InterruptedException {
    var watch = new EndpointWatch(aws, progress());
    if (aws.findEndpoint(name).isEmpty()) {
      aws.sagemaker()
          .createEndpoint(request -> request.endpointName(name).endpointConfigName(config));
      made.forget(); // a failed endpoint stays, to be looked at with all that it is made of
      var endpoint = watch.untilSettled(name);
      if (!isInService(endpoint)) {
        throw new CommandFailure(
            "endpoint '%s' is %s: %s"
                .formatted(name, endpoint.endpointStatusAsString(), reason(endpoint)));
      }
      return endpoint;
    }
    aws.sagemaker()
        .updateEndpoint(request -> request.endpointName(name).endpointConfigName(config));
    var endpoint = watch.untilSettled(name);
    // an update that failed ends InService too, but on the configuration it had before
    if (!isInService(endpoint) || !config.equals(endpoint.endpointConfigName())) {
      throw new CommandFailure(
          "endpoint '%s' was not updated, is %s and serves %s: %s"
              .formatted(
                  name,
                  endpoint.endpointStatusAsString(),
                  endpoint.endpointConfigName(),
                  reason(endpoint)));
    }
    return endpoint;
  }

  private static boolean isInService(DescribeEndpointResponse endpoint) {
    return "InService".equals(endpoint.endpointStatusAsString());
  }

  private static String reason(DescribeEndpointResponse endpoint) {
    return endpoint.failureReason() == null ? "no reason given" : endpoint.failureReason();
  }

  private static void unmake(Undo made, RuntimeException failure) {
    try {
      made.run();
    } catch (RuntimeException alsoFailed) {
      failure.addSuppressed(alsoFailed);
    }
  }

  private void report(DescribeEndpointResponse endpoint, Duration took) {
    if (isJson()) {
      terminal().say(Json.write(Json.of(endpoint)));
      return;
    }
    done(
        "endpoint %s is %s after %.1f s"
            .formatted(
                terminal().strong(name), terminal().status("InService"), took.toMillis() / 1e3));
    terminal().say("  try it:  berth invoke %s --file FILE".formatted(name));
  }

  private void done(String what) {
    if (!isJson()) {
      terminal().sayDone(what);
    }
  }
}
