package dev.berth.server.cli;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import software.amazon.awssdk.services.sagemaker.model.ModelApprovalStatus;

/** What is decided on a version of a model package: that it may be deployed, or may not. */
abstract class PackagesDecisionCommand extends ClientCommand {
  private final ModelApprovalStatus decision;

  @Parameters(paramLabel = "GROUP:VERSION", description = "The version to decide on, or its ARN.")
  private String name = "";

  @Option(
      names = "--comment",
      paramLabel = "TEXT",
      description = "Why, to be shown with the version.")
  private @Nullable String comment;

  PackagesDecisionCommand(
      ModelApprovalStatus decision, Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
    this.decision = decision;
  }

  @Override
  void run(AwsClients aws) {
    if (name.indexOf(':') < 0 && name.indexOf('/') < 0) {
      throw CommandFailure.ofUsage(
          "'%s' says no version; name it as %s:VERSION".formatted(name, name));
    }
    var arn =
        aws.sagemaker()
            .describeModelPackage(request -> request.modelPackageName(PackageNames.of(name)))
            .modelPackageArn();
    aws.sagemaker()
        .updateModelPackage(request ->
            request
                .modelPackageArn(arn)
                .modelApprovalStatus(decision)
                .approvalDescription(comment));
    if (isJson()) {
      var json = Json.object();
      json.put("ModelPackageArn", arn);
      json.put("ModelApprovalStatus", decision.toString());
      terminal().say(Json.write(json));
    } else {
      terminal().sayDone("%s is %s".formatted(name, terminal().status(decision.toString())));
    }
  }

  /** {@code berth packages approve}. */
  @Command(
      name = "approve",
      mixinStandardHelpOptions = true,
      description = "Approves a version: models may be made of it.")
  static final class Approve extends PackagesDecisionCommand {
    Approve(Terminal terminal, Map<String, String> environment) {
      super(ModelApprovalStatus.APPROVED, terminal, environment);
    }
  }

  /** {@code berth packages reject}. */
  @Command(
      name = "reject",
      mixinStandardHelpOptions = true,
      description = "Rejects a version: no more models are made of it; those there are stay.")
  static final class Reject extends PackagesDecisionCommand {
    Reject(Terminal terminal, Map<String, String> environment) {
      super(ModelApprovalStatus.REJECTED, terminal, environment);
    }
  }
}
