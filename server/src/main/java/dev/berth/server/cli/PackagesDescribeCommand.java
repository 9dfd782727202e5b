package dev.berth.server.cli;

import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code berth packages describe}: all of one model package. */
@Command(
    name = "describe",
    mixinStandardHelpOptions = true,
    description = "Tells all about a model package.")
final class PackagesDescribeCommand extends ClientCommand {
  @Parameters(
      paramLabel = PackageNames.LABEL,
      description = "The package, or the group and its version; default: the newest version.")
  private String name = "";

  PackagesDescribeCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  void run(AwsClients aws) {
    var found = Json.of(PackageNames.any(aws, name));
    if (isJson()) {
      terminal().say(Json.write(found));
    } else {
      Tree.write(found, terminal());
    }
  }
}
