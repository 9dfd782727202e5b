package dev.berth.server.cli;

import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.sagemaker.model.EndpointConfigSummary;
import software.amazon.awssdk.services.sagemaker.model.EndpointSummary;
import software.amazon.awssdk.services.sagemaker.model.ModelSummary;
import software.amazon.awssdk.services.sagemaker.model.TransformJobSummary;

/** {@code berth ls}: the names of what is there, newest first. */
@Command(
    name = "ls",
    mixinStandardHelpOptions = true,
    description = "Lists endpoints, endpoint configs, models or transform jobs, newest first.")
final class ListCommand extends ClientCommand {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT)
          .withZone(ZoneId.systemDefault());

  /** What can be listed. */
  enum Kind {
    ENDPOINTS,
    CONFIGS,
    MODELS,
    TRANSFORMS;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Parameters(
      arity = "0..1",
      paramLabel = "KIND",
      description = "${COMPLETION-CANDIDATES}; default: ${DEFAULT-VALUE}.")
  private Kind kind = Kind.ENDPOINTS;

  @Option(
      names = "--name-contains",
      paramLabel = "TEXT",
      description = "Only those with this in their name.")
  private @Nullable String nameContains;

  ListCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  void run(AwsClients aws) {
    switch (kind) {
      case ENDPOINTS -> listEndpoints(aws);
      case CONFIGS -> listConfigs(aws);
      case MODELS -> listModels(aws);
      case TRANSFORMS -> listTransforms(aws);
    }
  }

  private void listEndpoints(AwsClients aws) {
    var all =
        aws.sagemaker()
            .listEndpointsPaginator(request -> request.nameContains(nameContains))
            .endpoints();
    if (writeJson(all)) {
      return;
    }
    var table = new Table("NAME", "STATUS", "CREATED", "CHANGED");
    for (EndpointSummary endpoint : all) {
      table.add(
          endpoint.endpointName(),
          endpoint.endpointStatusAsString(),
          TIME.format(endpoint.creationTime()),
          TIME.format(endpoint.lastModifiedTime()));
    }
    table.writeTo(terminal());
  }

  private void listConfigs(AwsClients aws) {
    var all =
        aws.sagemaker()
            .listEndpointConfigsPaginator(request -> request.nameContains(nameContains))
            .endpointConfigs();
    if (writeJson(all)) {
      return;
    }
    var table = new Table("NAME", "CREATED");
    for (EndpointConfigSummary config : all) {
      table.add(config.endpointConfigName(), TIME.format(config.creationTime()));
    }
    table.writeTo(terminal());
  }

  private void listModels(AwsClients aws) {
    var all =
        aws.sagemaker().listModelsPaginator(request -> request.nameContains(nameContains)).models();
    if (writeJson(all)) {
      return;
    }
    var table = new Table("NAME", "CREATED");
    for (ModelSummary model : all) {
      table.add(model.modelName(), TIME.format(model.creationTime()));
    }
    table.writeTo(terminal());
  }

  private void listTransforms(AwsClients aws) {
    var all =
        aws.sagemaker()
            .listTransformJobsPaginator(request -> request.nameContains(nameContains))
            .transformJobSummaries();
    if (writeJson(all)) {
      return;
    }
    var table = new Table("NAME", "STATUS", "CREATED", "ENDED");
    for (TransformJobSummary job : all) {
      table.add(
          job.transformJobName(),
          job.transformJobStatusAsString(),
          TIME.format(job.creationTime()),
          job.transformEndTime() == null ? "" : TIME.format(job.transformEndTime()));
    }
    table.writeTo(terminal());
  }

  private boolean writeJson(Iterable<? extends SdkPojo> all) {
    if (isJson()) {
      var array = Json.array();
      all.forEach(item -> array.add(Json.of(item)));
      terminal().say(Json.write(array));
    }
    return isJson();
  }
}
