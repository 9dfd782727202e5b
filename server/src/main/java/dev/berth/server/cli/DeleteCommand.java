package dev.berth.server.cli;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import software.amazon.awssdk.services.sagemaker.model.EndpointConfigSummary;
import software.amazon.awssdk.services.sagemaker.model.ProductionVariant;
import software.amazon.awssdk.services.sagemaker.model.SageMakerException;

/** {@code berth delete}: takes an endpoint away, and on request what it was made of. */
@Command(
    name = "delete",
    mixinStandardHelpOptions = true,
    description = "Deletes an endpoint and waits until it is gone.")
final class DeleteCommand extends ClientCommand {
  @Parameters(paramLabel = NAME, description = "The endpoint's name.")
  private String name = "";

  @Option(
      names = "--all",
      description =
          "Delete its config and models too, and those that earlier deploys to this name made."
              + " What was uploaded stays in the store.")
  private boolean isAll;

  DeleteCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  void run(AwsClients aws) throws InterruptedException {
    var endpoint = aws.findEndpoint(name);
    var configs = new LinkedHashSet<String>();
    if (isAll) {
      endpoint.map(present -> present.endpointConfigName()).ifPresent(configs::add);
      configs.addAll(deployedConfigs(aws));
    }
    if (endpoint.isEmpty() && configs.isEmpty()) {
      throw new CommandFailure("no endpoint is named '%s'".formatted(name));
    }

    var deleted = new ArrayList<String>();
    if (endpoint.isPresent()) {
      aws.sagemaker().deleteEndpoint(request -> request.endpointName(name));
      new EndpointWatch(aws, progress()).untilGone(name);
      report("endpoint " + name, deleted);
    }
    for (var config : configs) {
      deleteConfig(aws, config, deleted);
    }
    if (isJson()) {
      var json = Json.object();
      deleted.forEach(json.putArray("Deleted")::add);
      terminal().say(Json.write(json));
    }
  }

  /** Returns the configs that deploys to this name have made, by how deploys name them. */
  private Set<String> deployedConfigs(AwsClients aws) {
    var configs = new LinkedHashSet<String>();
    aws
        .sagemaker()
        .listEndpointConfigsPaginator(
            request -> request.nameContains(DeployCommand.generationStart(name)))
        .endpointConfigs()
        .stream()
        .map(EndpointConfigSummary::endpointConfigName)
        .filter(config -> DeployCommand.isGenerationOf(name, config))
        .forEach(configs::add);
    return configs;
  }

  private void deleteConfig(AwsClients aws, String config, List<String> deleted) {
    Set<String> models = new LinkedHashSet<>();
    unlessMissing(() -> {
      aws
          .sagemaker()
          .describeEndpointConfig(request -> request.endpointConfigName(config))
          .productionVariants()
          .stream()
          .map(ProductionVariant::modelName)
          .filter(model -> model != null)
          .forEach(models::add);
      aws.sagemaker().deleteEndpointConfig(request -> request.endpointConfigName(config));
      report("endpoint config " + config, deleted);
    });
    for (var model : models) {
      unlessMissing(() -> {
        aws.sagemaker().deleteModel(request -> request.modelName(model));
        report("model " + model, deleted);
      });
    }
  }

  private static void unlessMissing(Runnable step) {
    try {
      step.run();
    } catch (SageMakerException failure) {
      if (!AwsClients.isMissing(failure)) {
        throw failure;
      }
    }
  }

  private void report(String what, List<String> deleted) {
    deleted.add(what);
    if (!isJson()) {
      terminal().sayDone("deleted " + what);
    }
  }
}
