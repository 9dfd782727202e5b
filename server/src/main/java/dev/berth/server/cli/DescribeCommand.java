package dev.berth.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.sagemaker.model.DescribeEndpointConfigResponse;
import software.amazon.awssdk.services.sagemaker.model.ProductionVariant;
import software.amazon.awssdk.services.sagemaker.model.SageMakerException;

/** {@code berth describe}: an endpoint with its configuration and models, or one of these alone. */
@Command(
    name = "describe",
    mixinStandardHelpOptions = true,
    description = {
      "Tells all about an endpoint, its config and its models.",
      "A name that no endpoint has is looked for among the configs, then the models. A transform job"
          + " is told with its progress, and with what succeeded and failed."
    })
final class DescribeCommand extends ClientCommand {
  private static final String ENDPOINT = "Endpoint";
  private static final String INSTANCES = "Instances";
  private static final String INVOCATIONS = "Invocations";
  private static final String CONFIG = "EndpointConfig";

  @Parameters(paramLabel = NAME, description = "The endpoint's, config's, model's or job's name.")
  private String name = "";

  DescribeCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  void run(AwsClients aws) {
    var found = Json.object();
    var endpoint = aws.findEndpoint(name);
    endpoint.ifPresent(present -> {
      found.set(ENDPOINT, Json.of(present));
      aws.endpointView(name)
          .ifPresent(view -> {
            found.set(INSTANCES, view.path("instances"));
            found.set(INVOCATIONS, view.path("variants"));
          });
    });
    var configName =
        endpoint
            .map(present -> Optional.ofNullable(present.endpointConfigName()))
            .orElse(Optional.of(name));
    var config = configName.flatMap(named -> findConfig(aws, named));
    config.ifPresent(present -> {
      found.set(CONFIG, Json.of(present));
      addModels(aws, present, found);
    });
    if (found.isEmpty()) {
      find(() -> aws.sagemaker().describeModel(request -> request.modelName(name)))
          .ifPresent(model -> found.set("Model", Json.of(model)));
    }
    find(() -> aws.sagemaker().describeTransformJob(request -> request.transformJobName(name)))
        .ifPresent(job -> {
          found.set("TransformJob", Json.of(job));
          aws.transformView(name).ifPresent(told -> found.set("Progress", told));
        });
    if (found.isEmpty()) {
      throw new CommandFailure(
          "no endpoint, endpoint config, model or transform job is named '%s'".formatted(name));
    }
    if (isJson()) {
      terminal().say(Json.write(found));
    } else {
      Tree.write(found, terminal());
    }
  }

  private static void addModels(
      AwsClients aws, DescribeEndpointConfigResponse config, ObjectNode found) {
    var names = new LinkedHashSet<String>();
    config.productionVariants().stream()
        .map(ProductionVariant::modelName)
        .filter(model -> model != null)
        .forEach(names::add);
    var models = found.putArray("Models");
    for (var model : names) {
      find(() -> aws.sagemaker().describeModel(request -> request.modelName(model)))
          .ifPresent(present -> models.add(Json.of(present)));
    }
  }

  private static Optional<DescribeEndpointConfigResponse> findConfig(AwsClients aws, String name) {
    return find(
        () -> aws.sagemaker().describeEndpointConfig(request -> request.endpointConfigName(name)));
  }

  private static <T extends SdkPojo> Optional<T> find(Supplier<T> describe) {
    try {
      return Optional.of(describe.get());
    } catch (SageMakerException failure) {
      if (AwsClients.isMissing(failure)) {
        return Optional.empty();
      }
      throw failure;
    }
  }
}
